/**
 * Answers that an instance keeps for as long as it is used again, one behind the other, in the order of their last use:
 *
 *    0 u32 size            of all of it
 *    4 i32 method
 *    8 i64 born, until     milliseconds since 1970: when it was made, and from when on it is no longer fresh
 *   24 i32 urlLength, bodyLength, chosenLength, answerLength
 *   40     digest          of the request's body
 *   72     url, chosen, answer: the fields of the request that the answer depends on, and those of the answer; of each
 *          their count, then `u32 length, name, u32 length, value`
 */
import { begin, BLOCK, finish } from "../../hash/blake2b";
import { DIGEST } from "../../memory";
import { add, names } from "../headers";
import { allocate } from "../memory";
import { copy, same } from "../text";
import { Field, FieldList } from "../wasi/fields";
import { isFieldName } from "./call-parts";
import { combined } from "./list-field";
import { fieldNamed } from "./message";

const ROOM: usize = 262144;
const STORE: usize = memory.data(262144, 8);
/** What one may take. */
const MOST: usize = ROOM / 4;

const HEAD: usize = 72;
const DIGEST_BYTES: i32 = 32;

@unmanaged
export class Kept {
  size: u32;
  method: i32;
  born: i64;
  until: i64;
  urlLength: i32;
  bodyLength: i32;
  chosenLength: i32;
  answerLength: i32;

  get url(): usize {
    return changetype<usize>(this) + HEAD;
  }

  get digest(): usize {
    return changetype<usize>(this) + offsetof<Kept>();
  }

  get chosen(): usize {
    return this.url + this.urlLength;
  }

  /** Its fields, which lie here. */
  get answer(): FieldList {
    let at = this.chosen + this.chosenLength;
    const count = load<i32>(at);
    const list = newList(count);
    at += 4;
    for (let i = 0; i < count; i++) {
      const name = at + 4;
      const value = name + load<u32>(at) + 4;
      add(list, name, load<i32>(at), value, load<i32>(value - 4));
      at = value + load<u32>(value - 4);
    }
    return list;
  }
}

let used: usize = 0;

/** A list in the arena, with room for so many fields. */
export function newList(most: i32): FieldList {
  const list = changetype<FieldList>(allocate(offsetof<FieldList>()));
  list.first = allocate(<usize>most * offsetof<Field>());
  list.count = 0;
  return list;
}

/** What is kept for this request, if its other fields were the same; it stays there until something is taken or put. */
export function find(part: FieldList, method: i32): Kept | null {
  const url = fieldNamed(part, "url");
  if (url == null) return null;
  const body = fieldNamed(part, ":body");
  const length = body == null ? 0 : body.valueLength;
  let digested = length == 0;
  for (let at = STORE; at < STORE + used; at += load<u32>(at)) {
    const kept = changetype<Kept>(at);
    if (kept.method != method || kept.bodyLength != length) continue;
    if (!same(kept.url, kept.urlLength, url.value, url.valueLength)) continue;
    if (length == 0) return kept;
    if (!digested) digest(body!);
    digested = true;
    if (same(kept.digest, DIGEST_BYTES, DIGEST, DIGEST_BYTES)) return kept;
  }
  return null;
}

/** Into DIGEST. */
function digest(body: Field): void {
  // Behind it there has to be room for a block.
  const at = allocate(body.valueLength + BLOCK);
  memory.copy(at, body.value, body.valueLength);
  begin();
  finish(at, body.valueLength);
}

/** True where a request has what the answer depends on as the one had that it was for. */
export function isFor(kept: Kept, answer: FieldList, part: FieldList): bool {
  const chosen = chosenOf(part, answer);
  const at = allocate(bytesOf(chosen));
  return same(kept.chosen, kept.chosenLength, at, <i32>(write(at, chosen) - at));
}

/** The fields of the request that the answer says to depend on. */
function chosenOf(part: FieldList, answer: FieldList): FieldList {
  const list = newList(part.count);
  const vary = combined(answer, "vary");
  if (vary == null) return list;
  for (let i = 0; i < part.count; i++) {
    const field = part.at(i);
    const length = field.nameLength;
    if (!names(vary, field.name, length)) continue;
    const name = allocate(length);
    memory.copy(name, field.name, length);
    // Which lowers it.
    isFieldName(name, length);
    add(list, name, length, field.value, field.valueLength);
  }
  return list;
}

/** Takes one out: it lies in the arena then. */
export function takeOut(kept: Kept): Kept {
  const size = <usize>kept.size;
  const taken = allocate(size);
  memory.copy(taken, changetype<usize>(kept), size);
  closeUp(changetype<usize>(kept), changetype<usize>(kept) + size);
  return changetype<Kept>(taken);
}

/** Puts back what was taken out, as the one that was used last. */
export function putBack(kept: Kept): void {
  memory.copy(STORE + used, changetype<usize>(kept), kept.size);
  used += kept.size;
}

/** Keeps an answer, of which there is none yet, and lets go of those that were not used for longest; false: it is too large. */
export function put(part: FieldList, method: i32, answer: FieldList, born: i64, until: i64): bool {
  const url = fieldNamed(part, "url");
  if (url == null) return false;
  const body = fieldNamed(part, ":body");
  const chosen = chosenOf(part, answer);
  const size = HEAD + url.valueLength + bytesOf(chosen) + bytesOf(answer);
  if (size > MOST) return false;
  let first = STORE;
  while (used - (first - STORE) + size > ROOM) first += load<u32>(first);
  closeUp(STORE, first);

  const kept = changetype<Kept>(STORE + used);
  kept.size = <u32>size;
  kept.method = method;
  kept.born = born;
  kept.until = until;
  kept.urlLength = url.valueLength;
  kept.bodyLength = body == null ? 0 : body.valueLength;
  if (kept.bodyLength) {
    digest(body!);
    memory.copy(kept.digest, DIGEST, DIGEST_BYTES);
  }
  const end = write(copy(kept.url, url.value, url.valueLength), chosen);
  kept.chosenLength = <i32>(end - kept.chosen);
  kept.answerLength = <i32>(write(end, answer) - end);
  used += size;
  return true;
}

/** Forgets all of the request's URL, or those of one method. */
export function forget(part: FieldList, method: i32): void {
  const url = fieldNamed(part, "url");
  if (url == null) return;
  let to = STORE;
  for (let at = STORE, end = STORE + used; at < end; ) {
    const kept = changetype<Kept>(at);
    const size = kept.size;
    const isMeant = method < 0 || kept.method == method;
    if (!isMeant || !same(kept.url, kept.urlLength, url.value, url.valueLength)) to = copy(to, at, size);
    at += size;
  }
  used = to - STORE;
}

/** Has what follows come where something was. */
function closeUp(from: usize, to: usize): void {
  memory.copy(from, to, STORE + used - to);
  used -= to - from;
}

function bytesOf(list: FieldList): usize {
  let size: usize = 4;
  for (let i = 0; i < list.count; i++) size += 8 + <usize>list.at(i).nameLength + <usize>list.at(i).valueLength;
  return size;
}

function write(to: usize, list: FieldList): usize {
  store<u32>(to, list.count);
  to += 4;
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    to = writePart(writePart(to, field.name, field.nameLength), field.value, field.valueLength);
  }
  return to;
}

function writePart(to: usize, from: usize, length: i32): usize {
  store<u32>(to, length);
  return copy(to + 4, from, length);
}
