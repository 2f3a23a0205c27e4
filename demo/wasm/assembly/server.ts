/**
 * A guest book: a web server as a module of WebAssembly, behind a Dapr sidecar. It keeps its notes in the state store, tells of each
 * by an event, takes those that others tell of, and has a capability greet whoever writes.
 */
import { Answer, Call, Json, quoted, random, Request, serve, Step } from "daprlet/capabilities/guest";
import { Note } from "./note";
import { pageOf } from "./page";
import { Listing, Noting } from "./tasks";

export { cap_abi_version, cap_alloc, cap_handle, cap_resume } from "daprlet/capabilities/guest/abi";

const subscriptions = '[{"pubsubname":"pubsub","topic":"notes","route":"/heard"}]';

/** Of a path's segment or a query's value. */
function encoded(text: string): string {
  const bytes = Uint8Array.wrap(String.UTF8.encode(text));
  let result = "";
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    const plain = (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a);
    result += plain ? String.fromCharCode(byte) : "%" + (byte < 16 ? "0" : "") + byte.toString(16);
  }
  return result;
}

function newId(): string {
  const bytes = random(8);
  let id = "";
  for (let i = 0; i < bytes.length; i++) id += (bytes[i] < 16 ? "0" : "") + bytes[i].toString(16);
  return id;
}

function write(request: Request): Step {
  const body = Json.parse(request.text);
  if (body === null) return Answer.json('{"message":"a note is JSON"}', 400);
  const author = body.get("author");
  const text = body.get("text");
  if (author === null || text === null || text.text.length == 0) {
    return Answer.json('{"message":"a note has an author and a text"}', 400);
  }
  const note = new Note(newId(), author.text, text.text, "");
  return new Noting(note, true).ask([
    Call.stateGet("statestore", "notes"),
    Call.sidecar("/v1.0/capabilities/hello/hello?name=" + encoded(note.author)),
  ]);
}

function hear(request: Request): Step {
  const event = Json.parse(request.text);
  const note = Note.of(event === null ? event : event.get("data"));
  // It will not get better by coming again.
  if (note === null) return Answer.json('{"status":"DROP"}');
  return new Noting(note, false).ask([Call.stateGet("statestore", "notes")]);
}

serve((request: Request): Step => {
  const route = request.method + " " + request.path;
  if (route == "GET /dapr/subscribe") return Answer.json(subscriptions);
  if (route == "GET /") return new Listing(true).ask([Call.stateGet("statestore", "notes")]);
  if (route == "GET /notes") return new Listing(false).ask([Call.stateGet("statestore", "notes")]);
  if (route == "POST /notes") return write(request);
  if (route == "POST /heard") return hear(request);
  if (route == "POST /forever") for (;;) pageOf([]);
  return Answer.json('{"message":' + quoted("there is no " + route) + "}", 404);
});
