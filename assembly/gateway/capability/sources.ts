/**
 * Who answers an operation: the package's module, an API elsewhere, or an app, in the order of the package. One that cannot be
 * reached, is late, or answers with an error of its own is followed by the next; host/capability/answer-offer.ts has the same rules.
 */
import { Call, call } from "../call";
import { ERR_CAPABILITY_REQUEST, ERR_CAPABILITY_UNAVAILABLE } from "../errors.gen";
import { Guest, Operation, Source, SOURCE_APP, SOURCE_MODULE } from "../records.gen";
import { fail, literalParameter, parameter } from "../reply";
import { head } from "../table";
import { now } from "../wasi/clocks";
import { answeredBefore, askElsewhere } from "./ask-elsewhere";
import { callGuest } from "./call-guest";
import { hasSegments } from "./call-app";
import { blamePackage, endGuest } from "./faults";
import { answerWith, statusOf } from "./guest-answer";
import { putAside, takeBack } from "./message";
import { isCachedAnswer } from "./response-cache";
import { asParameter } from "./sentence";

/** How long a source that failed is passed over, where there is another one. */
const DOWN: u64 = 5000000000;

/** Until when those are passed over that failed last: what they are called, in the table, and nanoseconds. */
const FAILED_BITS: u32 = 4;
const FAILED: usize = memory.data(16 << FAILED_BITS, 8);

/** The operation that is answered. */
let guestIndex: u32 = 0;
let operation: usize = 0;
let path: usize = 0;
let pathLength: i32 = 0;

/** Bits: the sources that were asked. */
let asked: u32 = 0;

/** The module has the request, and may fail in the midst of it. */
let isModuleAsked: bool = false;

/** It failed: the instance has to end. */
let isBroken: bool = false;

/** Answers the request that is the message by the first source that does. */
export function askSources(call: Call, index: u32, one: Operation, at: usize, length: i32): void {
  guestIndex = index;
  operation = changetype<usize>(one);
  path = at;
  pathLength = length;
  asked = 0;
  putAside();
  askOthers(call);
}

/** The module fails: true where another source has answered since. */
export function answersOtherwise(): bool {
  if (!isModuleAsked) return false;
  isModuleAsked = false;
  isBroken = true;
  if (isLast()) return false;
  askOthers(call());
  return true;
}

function isLast(): bool {
  return <u32>popcnt(asked) == changetype<Operation>(operation).sourcesCount;
}

function askOthers(call: Call): void {
  while (true) {
    const source = next();
    if (source.kind == SOURCE_MODULE ? byModule(call) : byOther(call, source)) break;
    remember(source);
  }
  if (isBroken) unreachable();
}

/** One that was not asked yet; those that failed lately come last. */
function next(): Source {
  const one = changetype<Operation>(operation);
  let found: u32 = 32;
  for (let i: u32 = 0; i < one.sourcesCount; i++) {
    if ((asked >> i) & 1) continue;
    const isDown = one.sourcesCount > 1 && failedUntil(one.source(i)) > now();
    if (found == 32 || !isDown) found = i;
    if (!isDown) break;
  }
  asked |= 1 << found;
  return one.source(found);
}

// @ts-ignore: decorator
@inline
function slotOf(source: Source): usize {
  return FAILED + (((<u32>source.place + source.kind) * 0x9e3779b1) >> (32 - FAILED_BITS) << 4);
}

function failedUntil(source: Source): u64 {
  const slot = slotOf(source);
  return load<usize>(slot) == source.place ? load<u64>(slot, 8) : 0;
}

function remember(source: Source): void {
  const slot = slotOf(source);
  store<usize>(slot, source.place);
  store<u64>(slot, now() + DOWN, 8);
}

/** True where no other source would do better. */
function isGood(status: i32): bool {
  return status < 500 && status != 429;
}

function byModule(call: Call): bool {
  takeBack();
  blamePackage();
  isModuleAsked = true;
  const answer = callGuest(guestIndex, true);
  if (answer != null) {
    const status = statusOf(answer);
    if (status >= 0 && !isGood(status) && !isLast()) {
      isModuleAsked = false;
      return false;
    }
    if (status >= 0 && answerWith(call, answer, "module")) {
      isModuleAsked = false;
      return true;
    }
  }
  endGuest(guestIndex);
  return true;
}

function byOther(call: Call, source: Source): bool {
  const guest = head().guest(guestIndex);
  if (!hasSegments(path, path + <usize>pathLength)) {
    literalParameter(0, "the path has dot segments");
    fail(call, ERR_CAPABILITY_REQUEST);
    return true;
  }
  const answer = askElsewhere(call, guest, changetype<Operation>(operation), source, path, pathLength);
  const status = answer == null ? -1 : statusOf(answer);
  if (status >= 0 && isGood(status) && answerWith(call, answer!, nameOf(source))) return true;
  const before = answeredBefore(source);
  if (before != null && answerWith(call, before, nameOf(source))) return true;
  if (!isLast()) return false;
  if (status >= 0 && answerWith(call, answer!, nameOf(source))) return true;
  return refuse(call, guest);
}

function nameOf(source: Source): string {
  if (source.kind == SOURCE_APP) return "app";
  return isCachedAnswer() ? "remote; cached" : "remote";
}

function refuse(call: Call, guest: Guest): bool {
  parameter(0, guest.name, guest.nameLength);
  asParameter(1);
  fail(call, ERR_CAPABILITY_UNAVAILABLE);
  return true;
}
