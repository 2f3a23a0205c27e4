/** A body that a guest reads piece by piece, and writes over piece by piece. */
import { allocate } from "../memory";
import { failAt, most } from "./host";
import { fetch, give } from "./guest";

const FIRST_ROOM: i32 = 4096;

@unmanaged
export class MessageBody {
  start: usize;
  length: i32;
  /** How much of it was read. */
  at: i32;
  /** What stands in its place; 0: nothing was written. */
  written: usize;
  size: i32;
  room: i32;
}

export function open(body: MessageBody, start: usize, length: i32): void {
  body.start = start;
  body.length = length;
  body.at = body.size = body.room = 0;
  body.written = 0;
}

/** Copies what comes next to the guest, which has room for so much there, and answers how much that was. */
export function readPart(body: MessageBody, to: u32, limit: u32): i32 {
  const count = <i32>min(limit, <u32>(body.length - body.at));
  give(to, body.start + <usize>body.at, count);
  body.at += count;
  return count;
}

/** Adds bytes of the guest's, which are there. */
export function writePart(body: MessageBody, from: u32, length: u32): void {
  const size = <u64>body.size + <u64>length;
  const limit = most();
  if (size > <u64>limit) failAt("it writes a body of more than ", limit, " bytes");
  makeRoom(body, <i32>size);
  fetch(from, body.written + <usize>body.size, length);
  body.size = <i32>size;
}

/** Has it begin with these bytes, and then be as it was. */
export function precede(body: MessageBody, start: usize, length: i32): void {
  const both = allocate(<usize>length + <usize>body.length);
  memory.copy(both, start, length);
  memory.copy(both + <usize>length, body.start, body.length);
  body.start = both;
  body.length += length;
}

function makeRoom(body: MessageBody, size: i32): void {
  if (body.written && size <= body.room) return;
  let room = max(body.room, FIRST_ROOM);
  while (room < size) room <<= 1;
  const moved = allocate(<usize>room + 8);
  memory.copy(moved, body.written, body.size);
  body.written = moved;
  body.room = room;
}
