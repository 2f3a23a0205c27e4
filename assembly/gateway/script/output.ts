import { copy, put } from "../text";
import { memberOf, skipValue, unescapeText } from "../json-text";
import { allocate } from "../memory";
import { stderr, stdout } from "../wasi/command";
import { blockingFlush, dropOutputStream, writable, write } from "../wasi/streams";

/** The most that is written at once; a host takes no less once what came before is flushed. */
const PIECE: i32 = 4096;

const QUOTE: u8 = 0x22;
const BRACE: u8 = 0x7b;

/** The exit code of the script. */
let failed: bool = false;
/** Where an item's text is wanted, not the JSON that is stored. */
let asText: bool = false;
/** What is told where there is nothing; empty: nothing is. */
let ifNothing: string = "";

export function beginOutput(text: bool, nothing: string): void {
  failed = false;
  asText = text;
  ifNothing = nothing;
}

export function hasFailed(): bool {
  return failed;
}

/** Ends the script with an answer of the API: its body on stdout, or one line of what went wrong on stderr. */
export function print(status: i32, body: usize, length: i32): void {
  if (status >= 400) {
    complainOf(body, length);
  } else if (length) {
    printBody(body, length);
  } else if (ifNothing.length) complain(ifNothing);
}

function printBody(body: usize, length: i32): void {
  let text = body;
  let size = length;
  if (asText && load<u8>(body) == QUOTE) {
    text = allocate(length);
    size = unescapeText(body + 1, body + <usize>(length - 1), text);
  }
  const line = allocate(size + 1);
  memory.copy(line, text, size);
  store<u8>(line + <usize>size, 0x0a);
  send(stdout(), line, size + 1);
}

/** One line on stderr; the exit code is not 0 then. It begins with somebody's text, if any is given. */
export function complain(sentence: string, text: usize = 0, length: i32 = 0): void {
  const line = allocate(length + sentence.length + 1);
  const end = put(put(copy(line, text, length), sentence), "\n");
  failed = true;
  send(stderr(), line, <i32>(end - line));
}

/** The message of an error's body, or what stands in its place. */
function complainOf(body: usize, length: i32): void {
  let text = body;
  let size = length;
  if (length && load<u8>(body) == BRACE) {
    const message = memberOf(body, "message");
    if (message && load<u8>(message) == QUOTE) {
      const end = skipValue(message);
      text = allocate(end - message);
      size = unescapeText(message + 1, end - 1, text);
    }
  }
  const line = allocate(size + 1);
  // One line, whatever an upstream says.
  for (let i = 0; i < size; i++) {
    const byte = load<u8>(text + <usize>i);
    store<u8>(line + <usize>i, byte < 0x20 ? 0x20 : byte);
  }
  store<u8>(line + <usize>size, 0x0a);
  failed = true;
  send(stderr(), line, size + 1);
}

/** What is there from `line` to `end`, on a stream that is given away. */
export function sendLine(line: usize, end: usize, stream: i32): void {
  send(stream, line, <i32>(end - line));
}

/** The exit code is not 0, whatever else is told. */
export function fails(): void {
  failed = true;
}

/** The answer of an upstream comes in pieces: one that is an error makes the script fail, and is no output. */
export function beginPieces(status: i32): i32 {
  if (status < 400) return stdout();
  failed = true;
  return stderr();
}

function send(stream: i32, bytes: usize, length: i32): void {
  const end = bytes + length;
  for (let at = bytes; at < end; ) {
    const room = min(min(writable(stream), PIECE), <i32>(end - at));
    if (room <= 0 || write(stream, at, room) || blockingFlush(stream)) {
      failed = true;
      break;
    }
    at += room;
  }
  dropOutputStream(stream);
}
