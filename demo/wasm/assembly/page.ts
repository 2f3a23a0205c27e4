import { Note } from "./note";

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

const style =
  "body{font:1rem/1.5 system-ui,sans-serif;margin:1rem;color:#222}" +
  "li{margin:.4rem 0}small{color:#666;display:block}ol{padding-left:1.5rem}";

/** The guest book as a page, rendered in WebAssembly. */
export function pageOf(notes: Note[]): string {
  let items = "";
  for (let i = 0; i < notes.length; i++) {
    const note = notes[i];
    items += "<li><b>" + escaped(note.author) + "</b>: " + escaped(note.text);
    items += "<small>" + escaped(note.greeting) + "</small></li>";
  }
  const list = items.length == 0 ? "<p>Nobody has written yet.</p>" : "<ol>" + items + "</ol>";
  return '<!doctype html><meta charset="utf-8"><title>Guest book</title><style>' + style + "</style>" + list;
}
