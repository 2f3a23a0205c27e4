import { CONTEXTS, MARKS, MAX_MARKS } from "../memory";
import { FIELD, KEY_REQUIRED } from "./fault";
import * as F from "./fields";
import { endName, forgetNames, noteName } from "./name";

/**
 *   ┌────────┬────────┬─────┬───────────┬─────────┐
 *   │ u8     │ u8     │ u16 │ u32 start │ u32 end │
 *   │ field  │ flags  │  0  │           │         │
 *   └────────┴────────┴─────┴───────────┴─────────┘
 *
 * A field's value, quotes included, by its place in the whole body.
 */
@unmanaged
export class Mark {
  field: u8;
  flags: u8;
  unused: u16;
  start: u32;
  end: u32;
}

/** The string has escapes; the value is null. */
export const ESCAPED: i32 = 1;
export const IS_NULL: i32 = 2;

/** A mark is never more than five from the last look at {@link marksFull}: the shapes nest no deeper. */
const SPARE: i32 = 8;

let marks: i32 = 0;
/** What the container we are in means, and how deep the innermost container is that means anything. */
let context: i32 = F.SKIP;
let followed: i32 = -1;
/** The member that a value is awaited for. */
let field: i32 = 0;
let expects: i32 = F.ANY;
let child: i32 = F.SKIP;
let valueStart: u32 = 0;
let kind: i32 = 0;

let hasKey: bool = false;
let hasOperation: bool = false;

/** Begins a body of this shape. `SKIP` follows nothing: the body is any JSON value. */
export function beginShape(root: i32): void {
  marks = 0;
  context = root;
  followed = root == F.SKIP ? -1 : 0;
  store<u8>(CONTEXTS, <u8>root);
  field = F.ROOT;
  expects = F.ANY;
  child = F.SKIP;
  if (root == F.SAVE_ROOT) {
    expects = F.ARRAY;
    child = F.ITEMS;
  } else if (root == F.TRANSACTION_ROOT) {
    expects = F.OBJECT;
    child = F.TRANSACTION;
  } else if (root == F.EVENT_ROOT) {
    expects = F.OBJECT;
    child = F.EVENT;
    forgetNames();
  } else if (root == F.BINDING_ROOT) {
    expects = F.OBJECT | F.NULL;
    child = F.BINDING;
  } else if (root == F.BULK_ROOT) {
    expects = F.ARRAY | F.NULL;
    child = F.ENTRIES;
  }
}

/** True while somebody wants to know what stands here. */
// @ts-ignore: decorator
@inline
export function isFollowed(): bool {
  return context != F.SKIP;
}

export function marksFull(): bool {
  return marks > MAX_MARKS - SPARE;
}

/** Answers the number of marks and empties them. */
export function takeMarks(): i32 {
  const taken = marks;
  marks = 0;
  return taken;
}

/** A member's name ended. */
export function nameEnds(start: u32, end: u32, flags: i32): i32 {
  if (context == F.MAP) {
    mark(F.MAP_NAME, flags, start, end);
    field = F.MAP_VALUE;
    expects = F.STRING | F.NULL;
    child = F.SKIP;
    return 0;
  }
  const known = F.fieldOf(context, endName());
  if (known) {
    field = known.field;
    expects = known.expects;
    child = known.child;
  } else {
    field = 0;
    expects = F.ANY;
    child = F.SKIP;
  }
  return context == F.EVENT ? noteName() : 0;
}

/** A value begins: is it what its field takes? */
export function valueBegins(type: i32, start: u32): i32 {
  if (context == F.ITEMS || context == F.OPERATIONS || context == F.ENTRIES) {
    field = F.ELEMENT;
    expects = F.OBJECT;
    child = context == F.ITEMS ? F.ITEM : context == F.OPERATIONS ? F.OPERATION : F.ENTRY;
  }
  if (!(type & expects)) return FIELD - field;
  valueStart = start;
  kind = type;
  return 0;
}

/** A value that has no shape of its own ended. */
export function valueEnds(end: u32, flags: i32): void {
  if (!field) return;
  if (kind == F.NULL) flags |= IS_NULL;
  const filled = kind == F.STRING && end - valueStart > 2;
  if (field == F.KEY) hasKey = filled;
  else if (field == F.OPERATION_NAME) hasOperation = filled;
  mark(field, flags, valueStart, end);
}

/** A container opens at this depth. */
export function containerOpens(depth: i32): void {
  if (child == F.SKIP) {
    context = F.SKIP;
    return;
  }
  context = child;
  followed = depth;
  store<u8>(CONTEXTS + depth, <u8>child);
  if (child == F.OPERATION) hasOperation = false;
  if (child == F.ITEM || child == F.OPERATION) hasKey = false;
  if (field > F.ELEMENT) mark(field, 0, valueStart, valueStart);
}

/** A container closes; `depth` is what is left. */
export function containerCloses(depth: i32, end: u32): i32 {
  if (depth > followed) return 0;
  const closed = context;
  context = <i32>load<u8>(CONTEXTS + depth);
  if (depth == followed) {
    valueEnds(end, 0);
    return 0;
  }
  followed = depth;
  if (closed == F.ITEM) {
    // A transaction's request is judged with its operation, which may still come.
    if (context == F.ITEMS && !hasKey) return KEY_REQUIRED;
    mark(F.ITEM_END, 0, end, end);
  } else if (closed == F.OPERATION) {
    if (hasOperation && !hasKey) return KEY_REQUIRED;
    mark(F.OPERATION_END, 0, end, end);
  } else if (closed == F.ENTRY) {
    mark(F.ITEM_END, 0, end, end);
  } else if (closed == F.EVENT) {
    mark(F.EVENT_END, 0, end - 1, end);
  }
  return 0;
}

function mark(field: i32, flags: i32, start: u32, end: u32): void {
  const record = changetype<Mark>(MARKS + <usize>(marks++) * offsetof<Mark>());
  record.field = <u8>field;
  record.flags = <u8>flags;
  record.start = start;
  record.end = end;
}
