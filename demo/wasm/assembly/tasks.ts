import { Answer, Call, Result, Step, Task } from "daprlet/capabilities/guest";
import { Note, notesOf, toJson } from "./note";
import { pageOf } from "./page";

/** Notes that are kept. */
const MOST = 50;

/** How often a note is put in anew when others changed the list meanwhile. */
const TRIES = 8;

function bytes(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text));
}

/** Answers what there is, as a page or as JSON. */
export class Listing extends Task {
  constructor(private readonly asPage: bool) {
    super();
  }

  resume(results: Result[]): Step {
    const read = results[0];
    if (!read.ok) return Answer.json(read.text, 502);
    const notes = notesOf(read.body);
    if (!this.asPage) return Answer.json(toJson(notes));
    return new Answer().header("content-type", "text/html; charset=utf-8").body(pageOf(notes));
  }
}

/** Puts a note at the head of the list, whoever else does at the same time; one's own is told to the others then. */
export class Noting extends Task {
  private tries: i32 = 0;
  private writing: bool = false;

  constructor(
    private readonly note: Note,
    private readonly own: bool,
  ) {
    super();
  }

  resume(results: Result[]): Step {
    if (this.writing) return this.written(results[0]);
    const read = results[0];
    if (!read.ok) return Answer.json(read.text, 502);
    // The greeting comes with the first reading.
    if (results.length > 1 && results[1].ok) this.note.greeting = results[1].text.trim();
    const notes = notesOf(read.body);
    for (let i = 0; i < notes.length; i++) if (notes[i].id == this.note.id) return this.known();
    const changed = [this.note].concat(notes.slice(0, MOST - 1));
    const call = Call.stateSet("statestore", "notes", bytes(toJson(changed))).with("concurrency", "first-write");
    const etag = read.etag;
    this.writing = true;
    return this.ask([etag === null ? call : call.with("etag", etag)]);
  }

  private written(result: Result): Step {
    this.writing = false;
    if (result.status == 409 && ++this.tries < TRIES) return this.ask([Call.stateGet("statestore", "notes")]);
    if (!result.ok) return Answer.json(result.text, 502);
    if (!this.own) return new Answer(204);
    const told = Call.publish("pubsub", "notes", bytes(this.note.toJson())).with("content-type", "application/json");
    return new Told(this.note).ask([told]);
  }

  /** One's own event, or one that comes again. */
  private known(): Step {
    return new Answer(204);
  }
}

class Told extends Task {
  constructor(private readonly note: Note) {
    super();
  }

  resume(results: Result[]): Step {
    return results[0].ok ? Answer.json(this.note.toJson(), 201) : Answer.json(results[0].text, 502);
  }
}
