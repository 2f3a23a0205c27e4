/** `/v1.0/capabilities/<package>/…`, and the book's `/v1/capabilities/…`. */
import { Call } from "../call";
import {
  ERR_CAPABILITIES_NOT_CONFIGURED,
  ERR_CAPABILITY_NO_OPERATION,
  ERR_CAPABILITY_NOT_FOUND,
} from "../errors.gen";
import { METHOD_NAMES } from "../fields.gen";
import { CAPABILITIES_CALL, CAPABILITIES_FIND, CAPABILITIES_LIST } from "../operations.gen";
import { Operation } from "../records.gen";
import { fail, parameter, reply } from "../reply";
import { spanLength, takeSpan } from "../route-spans";
import { head } from "../table";
import { indexOf, same } from "../text";
import { now } from "../wasi/clocks";
import { converse } from "./converse";
import { endGuest, forgetFaults } from "./faults";
import { limitTime } from "./guest-imports";
import { addPrepared, limitCalls } from "./host-calls";
import { beginSearch, findOperation, hasOtherMethods } from "./match-operation";
import { readRequest } from "./read-request";
import { limitResults } from "./results";

const MILLISECOND: u64 = 1000000;

const SLASH: u8 = 0x2f;

export function isCapability(operation: i32): bool {
  return operation >= CAPABILITIES_LIST && operation <= CAPABILITIES_FIND;
}

/** The method of the call in capitals. */
let method: usize = 0;
let methodLength: i32 = 0;

export function serveCapability(call: Call, operation: i32): void {
  const table = head();
  if (table.guestsCount == 0) return fail(call, ERR_CAPABILITIES_NOT_CONFIGURED);
  if (operation == CAPABILITIES_LIST) {
    return reply(call, 200, "application/json", table.guestList, table.guestListLength);
  }
  takeMethod(call.method);
  const firstLength = spanLength(1);
  const first = takeSpan(1);
  if (operation == CAPABILITIES_CALL) {
    const length = spanLength(2);
    return serveNamed(call, first, firstLength, takeSpan(2), length);
  }
  // The book's paths name no package; one whose first segment is the name of one does.
  const slash = indexOf(first, first + firstLength, SLASH);
  const nameLength = <i32>(slash - first);
  if (nameLength < firstLength && guestNamed(first, nameLength) >= 0) {
    return serveNamed(call, first, nameLength, slash + 1, firstLength - nameLength - 1);
  }
  beginSearch();
  for (let i: u32 = 0; i < table.guestsCount; i++) {
    const found = findOperation(table.guest(i), method, methodLength, first, firstLength);
    if (found != null) return serveBy(call, i, found, first, firstLength);
  }
  refuse(call, first, firstLength);
}

/** The names stand behind each other with their lengths, by the numbers of wasi:http. */
function takeMethod(number: i32): void {
  let at = METHOD_NAMES;
  for (let i = 0; i < number; i++) at += 1 + <usize>load<u8>(at);
  method = at + 1;
  methodLength = load<u8>(at);
}

function guestNamed(name: usize, length: i32): i32 {
  const table = head();
  for (let i: u32 = 0; i < table.guestsCount; i++) {
    const guest = table.guest(i);
    if (same(guest.name, guest.nameLength, name, length)) return i;
  }
  return -1;
}

function serveNamed(call: Call, name: usize, nameLength: i32, path: usize, length: i32): void {
  const index = guestNamed(name, nameLength);
  if (index < 0) {
    parameter(0, name, nameLength);
    return fail(call, ERR_CAPABILITY_NOT_FOUND);
  }
  beginSearch();
  const found = findOperation(head().guest(index), method, methodLength, path, length);
  if (found == null) return refuse(call, path, length);
  serveBy(call, index, found, path, length);
}

function refuse(call: Call, path: usize, length: i32): void {
  parameter(0, method, methodLength);
  parameter(1, path, length);
  fail(call, ERR_CAPABILITY_NO_OPERATION, hasOtherMethods() ? 405 : 0);
}

function serveBy(call: Call, index: u32, operation: Operation, path: usize, length: i32): void {
  if (!readRequest(call, operation, path, length)) return;
  const guest = head().guest(index);
  const until = now() + <u64>guest.timeMs * MILLISECOND;
  forgetFaults();
  limitTime(until);
  limitCalls(guest);
  limitResults(guest.memory);
  addPrepared(guest, until);
  if (!converse(call, guest, index, until)) endGuest(index);
}
