import { INBOX, arena, reserve } from "../memory";
import { covers, globs, segmentEnd } from "./pattern";

/**
 * What one calling app may do. Texts follow the record, then its denials, then its tree of operations.
 *
 *   ┌──────────┬──────────┬───────────────┬────────────┬────────────────┬──────────────┐
 *   │ u32 size │ u16 app  │ u16 namespace │ u16 domain │ u16 fallback   │ u32 denials  │
 *   └──────────┴──────────┴───────────────┴────────────┴────────────────┴──────────────┘
 */
@unmanaged
class Policy {
  /** Bytes up to the next policy. */
  size: u32;
  app: u16;
  namespace: u16;
  domain: u16;
  /** What decides where no operation does. */
  fallback: u16;
  /** Bytes of the denials. */
  denials: u32;
}

/**
 * A pattern that is denied whatever else allows it. Of a verb that stands for every other, all bits are set.
 *
 *   ┌───────────┬────────────┐
 *   │ u16 verbs │ u16 length │
 *   └───────────┴────────────┘
 */
@unmanaged
class Denial {
  verbs: u16;
  length: u16;
}

/**
 * One segment of operations; its text follows, then its children up to its size.
 *
 *   ┌──────────┬─────────────┬────────────┬────────────┬──────────┬──────────┐
 *   │ u32 size │ u16 allowed │ u16 denied │ u16 length │ u8 kind  │ u8 ends  │
 *   └──────────┴─────────────┴────────────┴────────────┴──────────┴──────────┘
 */
@unmanaged
class Segment {
  size: u32;
  /** Verbs, bit by bit; the highest stands for those that neither mask names. */
  allowed: u16;
  denied: u16;
  length: u16;
  kind: u8;
  /** 1 where an operation ends here. */
  ends: u8;
}

const TEXT: u8 = 0;
/** The segments `*` and `**`. */
const ONE: u8 = 2;
const MANY: u8 = 3;

const ANY_VERB: i32 = 0x8000;

let place: usize = 0;
let bytes: i32 = 0;
let fallback: i32 = 0;

/**
 * Makes room for a table of policies, which the caller writes to where this answers, and forgets the one before; 0
 * when there is no room. `other` is the answer for callers that no policy is about.
 */
export function policies(size: i32, other: i32): usize {
  bytes = 0;
  fallback = other;
  if (size < 0 || !reserve(<usize>size)) return 0;
  place = arena();
  bytes = size;
  return place;
}

/** The same for a table that lies in memory already. */
export function usePolicies(at: usize, size: i32, other: i32): void {
  place = at;
  bytes = size;
  fallback = other;
}

/**
 * 1 when the caller may call the path with the verb. The inbox holds app id, namespace, trust domain and path, one
 * after the other, in these lengths; the path is in normal form, without its first slash. A verb is a position in the
 * list of verbs, any other below 15 is a verb outside it.
 */
export function allows(verb: i32, app: i32, namespace: i32, domain: i32, path: i32): i32 {
  const end = place + bytes;
  const target = INBOX + app + namespace + domain;
  for (let at = place; at < end; ) {
    const policy = changetype<Policy>(at);
    if (isOf(policy, app, namespace, domain)) return decide(policy, 1 << verb, target, target + path);
    at += policy.size;
  }
  return fallback;
}

function isOf(policy: Policy, app: i32, namespace: i32, domain: i32): bool {
  if (policy.app != app || policy.namespace != namespace || policy.domain != domain) return false;
  const text = changetype<usize>(policy) + offsetof<Policy>();
  return memory.compare(text, INBOX, app + namespace + domain) == 0;
}

function decide(policy: Policy, verb: i32, path: usize, end: usize): i32 {
  const text = <usize>policy.app + policy.namespace + policy.domain;
  const denials = changetype<usize>(policy) + offsetof<Policy>() + text;
  const tree = denials + policy.denials;
  const found = find(tree, changetype<usize>(policy) + policy.size, path, end);
  let allowed = <i32>policy.fallback;
  if (found) {
    if (found.denied & verb) return 0;
    if (found.allowed & verb) allowed = 1;
    else if (found.denied & ANY_VERB) return 0;
    else if (found.allowed & ANY_VERB) allowed = 1;
  }
  return allowed && !isDenied(denials, tree, verb, path, end) ? 1 : 0;
}

function isDenied(at: usize, end: usize, verb: i32, path: usize, pathEnd: usize): bool {
  while (at < end) {
    const denial = changetype<Denial>(at);
    const pattern = at + offsetof<Denial>();
    at = pattern + denial.length;
    if (denial.verbs & verb && covers(pattern, at, path, pathEnd)) return true;
  }
  return false;
}

/**
 * The operation that Dapr finds: at each segment the first child that fits, in the order of the policy, and never
 * another one again; the first operation that ends on the way is it, so that it holds for all that lies below. Where
 * Dapr's search ends in nothing, a `*` in the middle stands for its segment, and a `**` for more than one.
 */
function find(children: usize, childrenEnd: usize, at: usize, end: usize): Segment | null {
  let many = false;
  while (true) {
    const stop = segmentEnd(at, end);
    const last = stop == end;
    const next = child(children, childrenEnd, at, stop, last);
    if (next) {
      children = changetype<usize>(next) + offsetof<Segment>() + next.length;
      childrenEnd = changetype<usize>(next) + next.size;
      many = next.kind == MANY;
      if (next.ends && (last || next.kind != ONE)) return next;
    } else if (!many) return null;
    if (last) return next ? below(children, childrenEnd) : null;
    at = stop + 1;
  }
}

function child(at: usize, end: usize, text: usize, textEnd: usize, last: bool): Segment | null {
  let middle: Segment | null = null;
  while (at < end) {
    const segment = changetype<Segment>(at);
    if (segment.kind == ONE && !last) {
      if (!middle) middle = segment;
    } else if (segment.kind != TEXT) return segment;
    else {
      const pattern = at + offsetof<Segment>();
      if (globs(pattern, pattern + segment.length, text, textEnd)) return segment;
    }
    at += segment.size;
  }
  return middle;
}

/** A `*` or `**` that may stand for nothing at the end of a path. */
function below(at: usize, end: usize): Segment | null {
  while (at < end) {
    const segment = changetype<Segment>(at);
    if (segment.kind != TEXT) return segment.ends ? segment : null;
    at += segment.size;
  }
  return null;
}
