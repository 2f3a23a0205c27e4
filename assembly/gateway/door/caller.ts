/**
 * Who calls: known by its token, as the app whose token it is. The gateway's own token makes a caller the gateway's app;
 * where there are no tokens, so is everybody.
 */
import { begin, BLOCK, finish } from "../../hash/blake2b";
import { DIGEST } from "../../memory";
import { Call, findField } from "../call";
import { allocate, mark, release } from "../memory";
import { Caller, CALLER_BYTES, NONE } from "../records.gen";
import { beginSecrets, findSecret, secretLength, secretText } from "../secrets";
import { head } from "../table";

/** Longer than any token; what is longer is not hashed for strangers. */
const LONGEST: i32 = 1024;
const DIGEST_BYTES: usize = 64;

let id: usize = 0;
let length: i32 = 0;
let variables: usize = 0;
let variablesLength: i32 = 0;
let told: bool = false;

/** The caller's app id. */
// @ts-ignore: decorator
@inline
export function callerId(): usize {
  return id;
}

// @ts-ignore: decorator
@inline
export function callerIdLength(): i32 {
  return length;
}

/** What stands before a caller's own keys in the names of variables; empty for the gateway itself. */
// @ts-ignore: decorator
@inline
export function callersVariables(): usize {
  return variables;
}

// @ts-ignore: decorator
@inline
export function callersVariablesLength(): i32 {
  return variablesLength;
}

/** True where a token tells who it is. */
// @ts-ignore: decorator
@inline
export function isTold(): bool {
  return told;
}

/** True where callers have to present a token. */
export function needsToken(): bool {
  const table = head();
  return table.apiToken != NONE || table.callersCount != 0;
}

/** A script calls in the gateway's own name. */
export function asGateway(): void {
  beginSecrets();
  id = head().appId;
  length = head().appIdLength;
  told = true;
}

/** Finds out who calls. Uses the core's results. */
export function identify(call: Call): void {
  beginSecrets();
  const table = head();
  id = table.appId;
  length = table.appIdLength;
  variablesLength = 0;
  told = false;
  if (!needsToken()) return;
  const given = findField(call.fields, "dapr-api-token");
  if (given == null || given.valueLength == 0 || given.valueLength > LONGEST) return;
  if (isGateways(given.value, given.valueLength)) {
    told = true;
    return;
  }
  const caller = find(given.value, given.valueLength);
  if (caller == null) return;
  told = true;
  id = caller.appId;
  length = caller.appIdLength;
  variables = caller.variables;
  variablesLength = caller.variablesLength;
}

/** All of it is compared, whatever differs first: time tells nothing but the length. Without the secret nobody has it. */
function isGateways(token: usize, size: i32): bool {
  if (!findSecret(head().apiToken)) return false;
  const expected = secretText();
  let difference = size ^ secretLength();
  const compared = min(size, secretLength());
  for (let i: usize = 0; i < <usize>compared; i++) difference |= load<u8>(token + i) ^ load<u8>(expected + i);
  return difference == 0;
}

/** Looks it up by its digest, so that what the search takes tells nothing of a token. */
function find(token: usize, size: i32): Caller | null {
  const table = head();
  if (table.callersCount == 0) return null;
  const before = mark();
  const text = allocate(size + BLOCK);
  memory.copy(text, token, size);
  begin();
  finish(text, size);
  release(before);
  let low: u32 = 0;
  let high = table.callersCount;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const caller = changetype<Caller>(table.callers + middle * CALLER_BYTES);
    const order = memory.compare(caller.digest, DIGEST, DIGEST_BYTES);
    if (order == 0) return caller;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return null;
}
