import { begin, feed } from "../../json/scan";
import { MORE_MARKS } from "../../json/fault";
import { Mark } from "../../json/shape";
import { CHUNK, INBOX, MARKS, RESULT } from "../../memory";
import { allocate } from "../memory";

let marks: usize = 0;
let count: i32 = 0;
let room: i32 = 0;

/** Where the fault of the last scan is. */
let place: i32 = 0;

export function faultPlace(): i32 {
  return place;
}

// @ts-ignore: decorator
@inline
export function markCount(): i32 {
  return count;
}

// @ts-ignore: decorator
@inline
export function markAt(index: i32): Mark {
  return changetype<Mark>(marks + <usize>index * offsetof<Mark>());
}

/** Scans a body as that shape and keeps its marks: 0 or the core's fault. */
export function scanBody(shape: i32, body: usize, length: i32): i32 {
  begin(shape);
  count = 0;
  room = 64;
  marks = allocate(<usize>room * offsetof<Mark>());
  let at = 0;
  while (true) {
    const size = min(CHUNK, length - at);
    memory.copy(INBOX, body + <usize>at, size);
    at += size;
    const last = at == length;
    let status = feed(size, last);
    keepMarks();
    while (status == MORE_MARKS) {
      status = feed(-1, last);
      keepMarks();
    }
    place = load<i32>(RESULT, 4);
    if (status || last) return status;
  }
}

function keepMarks(): void {
  const more = load<i32>(RESULT);
  if (count + more > room) {
    while (count + more > room) room <<= 1;
    const moved = allocate(<usize>room * offsetof<Mark>());
    memory.copy(moved, marks, <usize>count * offsetof<Mark>());
    marks = moved;
  }
  memory.copy(marks + <usize>count * offsetof<Mark>(), MARKS, <usize>more * offsetof<Mark>());
  count += more;
}
