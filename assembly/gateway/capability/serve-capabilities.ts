/** `/v1.0/capabilities/<package>/…`, the book's `/v1/capabilities/…`, and `/v1.0/functions/<name>`. */
import { Call } from "../call";
import {
  ERR_CAPABILITIES_NOT_CONFIGURED,
  ERR_CAPABILITY_NO_OPERATION,
  ERR_CAPABILITY_NOT_FOUND,
} from "../errors.gen";
import { CAPABILITIES_CALL, CAPABILITIES_LIST, FUNCTIONS_INVOKE } from "../operations.gen";
import { Operation } from "../records.gen";
import { fail, parameter, reply } from "../reply";
import { spanLength, takeSpan } from "../route-spans";
import { head } from "../table";
import { indexOf, same } from "../text";
import { methodSize, methodText, takeMethod } from "./method-name";
import { beginSearch, findOperation, hasOtherMethods } from "./match-operation";
import { readRequest } from "./read-request";
import { serveFunction } from "./serve-function";
import { askSources } from "./sources";

const SLASH: u8 = 0x2f;

export function isCapability(operation: i32): bool {
  return operation >= CAPABILITIES_LIST && operation <= FUNCTIONS_INVOKE;
}

export function serveCapability(call: Call, operation: i32): void {
  const table = head();
  if (table.guestsCount == 0) return fail(call, ERR_CAPABILITIES_NOT_CONFIGURED);
  if (operation == CAPABILITIES_LIST) {
    return reply(call, 200, "application/json", table.guestList, table.guestListLength);
  }
  takeMethod(call);
  const firstLength = spanLength(1);
  const first = takeSpan(1);
  if (operation == FUNCTIONS_INVOKE) return serveFunction(call, first, firstLength);
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
    const found = findOperation(table.guest(i), methodText(), methodSize(), first, firstLength);
    if (found != null) return serveBy(call, i, found, first, firstLength);
  }
  refuse(call, first, firstLength);
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
  const found = findOperation(head().guest(index), methodText(), methodSize(), path, length);
  if (found == null) return refuse(call, path, length);
  serveBy(call, index, found, path, length);
}

function refuse(call: Call, path: usize, length: i32): void {
  parameter(0, methodText(), methodSize());
  parameter(1, path, length);
  fail(call, ERR_CAPABILITY_NO_OPERATION, hasOtherMethods() ? 405 : 0);
}

function serveBy(call: Call, index: u32, operation: Operation, path: usize, length: i32): void {
  if (readRequest(call, head().guest(index), operation, path, length)) askSources(call, index, operation, path, length);
}
