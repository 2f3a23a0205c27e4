import { Json, quoted } from "daprlet/capabilities/guest";

/** What somebody wrote. */
export class Note {
  constructor(
    readonly id: string,
    readonly author: string,
    readonly text: string,
    /** What the capability said to it. */
    public greeting: string,
  ) {}

  /** Null where it is none. */
  static of(json: Json | null): Note | null {
    if (json === null) return null;
    const id = json.get("id");
    const author = json.get("author");
    const text = json.get("text");
    const greeting = json.get("greeting");
    if (id === null || author === null || text === null || greeting === null) return null;
    return new Note(id.text, author.text, text.text, greeting.text);
  }

  toJson(): string {
    const members = '"id":' + quoted(this.id) + ',"author":' + quoted(this.author) + ',"text":' + quoted(this.text);
    return "{" + members + ',"greeting":' + quoted(this.greeting) + "}";
  }
}

/** As the store has them: a list in JSON, the latest first. */
export function notesOf(bytes: Uint8Array): Note[] {
  const notes: Note[] = [];
  const json = Json.ofBytes(bytes);
  if (json === null) return notes;
  for (let i = 0; i < json.items.length; i++) {
    const note = Note.of(json.items[i]);
    if (note !== null) notes.push(note);
  }
  return notes;
}

export function toJson(notes: Note[]): string {
  const parts: string[] = [];
  for (let i = 0; i < notes.length; i++) parts.push(notes[i].toJson());
  return "[" + parts.join(",") + "]";
}
