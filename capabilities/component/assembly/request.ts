import { name, nameLength, nextField, openFields, value, valueLength } from "./fields";
import { readTexts } from "./json";
import { allocate, copied } from "./memory";
import {
  BODY,
  CONFIG,
  ERROR,
  isText,
  METHOD,
  OFFER,
  OPERATION_0,
  OPERATION_1,
  packed,
  PATH,
  QUERY,
  STATE,
  STATUS,
} from "./words";

/**
 * `record request`, by the component model's layout:
 *
 *     0 offer  8 operation  16 method  24 path  32 query  40 fields  48 body  56 config  64 prepared
 *
 * each a pointer and a length, and all of it the guest's to free.
 */
const REQUEST_SIZE = 72;

/** `record outcome`: 0 status (u16), 4 fields, 12 body. */
const OUTCOME_SIZE = 20;

/** `tuple<string, list<u8>>`. */
const PAIR_SIZE = 16;

const PREFIX = 7;

function isOwn(): bool {
  return nameLength > 0 && load<u8>(name) == 0x3a;
}

function isPrepared(): bool {
  return nameLength > PREFIX && packed(name, PREFIX) == STATE;
}

function keep(at: usize, from: usize, length: i32): void {
  store<u32>(at, <u32>copied(from, length));
  store<u32>(at, length, 4);
}

/** What nothing came for: a list or a text with nothing in it. */
function fillEmpty(at: usize): void {
  if (load<u32>(at) == 0) store<u32>(at, <u32>allocate(4, 0));
}

function keepPair(list: usize, index: i32, skipped: i32): void {
  keep(list + PAIR_SIZE * index, name + skipped, nameLength - skipped);
  keep(list + PAIR_SIZE * index + 8, value, valueLength);
}

function place(): i32 {
  if (isText(name, nameLength, OFFER)) return 0;
  if (isText(name, nameLength, OPERATION_0, OPERATION_1)) return 8;
  if (isText(name, nameLength, METHOD)) return 16;
  if (isText(name, nameLength, PATH)) return 24;
  if (isText(name, nameLength, QUERY)) return 32;
  if (isText(name, nameLength, BODY)) return 48;
  return -1;
}

/** Whether it has no member of its own in the record. */
function isField(): bool {
  return !isOwn() || (!isPrepared() && !isText(name, nameLength, CONFIG) && place() < 0);
}

/** A request as the record that `handle` takes. */
export function readRequest(message: usize): usize {
  let plain = 0;
  let prepared = 0;
  openFields(message);
  while (nextField()) {
    if (isField()) plain++;
    else if (isPrepared()) prepared++;
  }
  const request = allocate(4, REQUEST_SIZE);
  memory.fill(request, 0, REQUEST_SIZE);
  const fields = allocate(4, PAIR_SIZE * plain);
  const values = allocate(4, PAIR_SIZE * prepared);
  store<u32>(request, <u32>fields, 40);
  store<u32>(request, plain, 44);
  store<u32>(request, <u32>values, 64);
  store<u32>(request, prepared, 68);
  plain = 0;
  prepared = 0;
  openFields(message);
  while (nextField()) {
    if (isField()) keepPair(fields, plain++, 0);
    else if (isPrepared()) keepPair(values, prepared++, PREFIX);
    else if (isText(name, nameLength, CONFIG)) readTexts(value, valueLength, request + 56);
    else keep(request + place(), value, valueLength);
  }
  for (let at = 0; at < REQUEST_SIZE; at += 8) fillEmpty(request + at);
  return request;
}

function number(): u32 {
  let read: u32 = 0;
  for (let i = 0; i < valueLength; i++) read = read * 10 + load<u8>(value + i) - 0x30;
  return read;
}

export let outcomes: usize = 0;
export let outcomeCount: i32 = 0;

/** Of the ABI's own names only what a call failed with has no member in an outcome. */
function isOfOutcome(): bool {
  return !isOwn() || isText(name, nameLength, ERROR);
}

/** Results as the list that `resume` takes: {@link outcomes}. */
export function readResults(message: usize): void {
  outcomeCount = 0;
  openFields(message);
  while (nextField()) if (isText(name, nameLength, STATUS)) outcomeCount++;
  outcomes = allocate(4, OUTCOME_SIZE * outcomeCount);
  let index = -1;
  openFields(message);
  while (nextField()) {
    if (isText(name, nameLength, STATUS)) {
      index++;
      const outcome = outcomes + OUTCOME_SIZE * index;
      store<u32>(outcome, number());
      store<u32>(outcome, 4, 4);
      store<u32>(outcome, 0, 8);
      store<u64>(outcome, 0, 12);
    } else if (isText(name, nameLength, BODY)) {
      keep(outcomes + OUTCOME_SIZE * index + 12, value, valueLength);
    } else if (isOfOutcome()) {
      store<u32>(outcomes + OUTCOME_SIZE * index, load<u32>(outcomes + OUTCOME_SIZE * index, 8) + 1, 8);
    }
  }
  for (let i = 0; i < outcomeCount; i++) fillEmpty(outcomes + OUTCOME_SIZE * i + 12);
  readOutcomeFields(message);
}

/** Once it is known how many each has. */
function readOutcomeFields(message: usize): void {
  let index = -1;
  let list: usize = 0;
  let filled = 0;
  openFields(message);
  while (nextField()) {
    if (isText(name, nameLength, STATUS)) {
      const outcome = outcomes + OUTCOME_SIZE * ++index;
      list = allocate(4, PAIR_SIZE * load<i32>(outcome, 8));
      store<u32>(outcome, <u32>list, 4);
      filled = 0;
    } else if (isOfOutcome()) keepPair(list, filled++, 0);
  }
}
