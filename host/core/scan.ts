import type { CoreExports } from "./exports.ts";
import type { Inbox } from "./inbox.ts";
import { scanError } from "./scan-faults.ts";
import { textBetween } from "./text.ts";

/** The shapes that a body can be followed as, by their number in `assembly/json/fields.ts`. */
export const shapes = { any: 0, save: 1, transaction: 6, event: 10, binding: 12, bulk: 14 } as const;

/** Numbers of the marks, as in `assembly/json/fields.ts`. */
export const marks = {
  key: 3,
  value: 4,
  etag: 5,
  concurrency: 7,
  consistency: 8,
  metadata: 9,
  mapName: 10,
  mapValue: 11,
  operations: 12,
  operationName: 13,
  request: 14,
  itemEnd: 15,
  operationEnd: 16,
  eventEnd: 17,
  retryPolicy: 18,
  entryId: 19,
  contentType: 20,
  attribute: 32,
} as const;

const wordsPerMark = 3;
const moreMarks = 1;
const escaped = 1;
const isNull = 2;

/** Told of one value: its field, its flags, and where it stands in the body. */
export type Visit = (field: number, flags: number, start: number, end: number) => void;

/** Feeds a body to the scanner chunk by chunk. Answers the status, 0 for a body that is whole and of that shape. */
export function feed(
  core: CoreExports,
  inbox: Inbox,
  shape: number,
  body: Uint8Array,
  visit?: Visit,
): number {
  core.begin(shape);
  let at = 0;
  for (;;) {
    const length = Math.min(inbox.size, body.length - at);
    inbox.put(length === body.length ? body : body.subarray(at, at + length));
    at += length;
    const last = at === body.length ? 1 : 0;
    let status = core.feed(length, last);
    while (status === moreMarks) {
      if (visit) take(inbox, visit);
      status = core.feed(-1, last);
    }
    if (status === 0 && visit) take(inbox, visit);
    if (status !== 0 || last) return status;
  }
}

/** Feeds a body that has to be of that shape, or throws what is wrong with it. */
export function follow(
  core: CoreExports,
  inbox: Inbox,
  shape: number,
  root: string,
  body: Uint8Array,
  visit: Visit,
): void {
  const status = feed(core, inbox, shape, body, visit);
  if (status !== 0) throw scanError(status, inbox.result[1] as number, root);
}

function take(inbox: Inbox, visit: Visit): void {
  const { words } = inbox;
  const count = inbox.result[0] as number;
  for (let i = 0, at = inbox.outbox >> 2; i < count; i++, at += wordsPerMark) {
    const head = words[at] as number;
    visit(head & 0xff, (head >> 8) & 0xff, (words[at + 1] as number) >>> 0, (words[at + 2] as number) >>> 0);
  }
}

/** A marked string's text, or undefined where the body has null. */
export function textOf(body: Uint8Array, flags: number, start: number, end: number): string | undefined {
  if (flags & isNull) return undefined;
  if ((flags & escaped) === 0) return textBetween(body, start + 1, end - 1);
  const text: string = JSON.parse(textBetween(body, start, end));
  // Half a surrogate pair has no UTF-8: what is stored and compared is its replacement, as in Go.
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

export function isMissing(flags: number): boolean {
  return (flags & isNull) !== 0;
}
