import { KEY_SEPARATOR } from "../../../../components/state/key-prefix.ts";
import type { Filter, Path, Scalar } from "../../../../components/state/query.ts";

/**
 * How an index orders what it holds. Each declared path has a sorted set for each app, all of one score, so that Redis
 * orders its members by their bytes: a value, so written that bytes order as values do, and behind it the item's key.
 *
 *     1n key                      null; `1u` for no scalar or nothing there
 *     2 hhhhhhhhhhhhhhhh key      a number: the bits of a double, the sign turned, in hexadecimal
 *     3b key                      a boolean, 0 or 1
 *     4 text 00 00 key            a string in UTF-8, cut after its beginning; a zero byte in it is 00 01
 */
const [NOTHING, NUMBER, BOOLEAN, TEXT] = ["1", "2", "3", "4"] as const;

/** So that a long text costs no more than its beginning. What begins alike is told apart by the items themselves. */
const TEXT_LIMIT = 128;

/** Above every byte of UTF-8. */
const END = Buffer.of(0xff);

/** From the first member to the last, as ZRANGE takes them. */
export interface MemberRange {
  readonly from: Buffer;
  readonly to: Buffer;
}

/** What is before the key's own part, separator included: an app's items have one index. */
export function scopeOf(key: string): string {
  const at = key.indexOf(KEY_SEPARATOR);
  return at === -1 ? "" : key.slice(0, at + KEY_SEPARATOR.length);
}

function textPart(text: string): string {
  // By code points: they decide the order, and half a pair has no bytes of its own.
  const cut =
    text.length > TEXT_LIMIT ? [...text.slice(0, 2 * TEXT_LIMIT)].slice(0, TEXT_LIMIT).join("") : text;
  return TEXT + cut.replaceAll("\0", "\0\u0001");
}

function numberPart(number: number): string {
  const bytes = Buffer.alloc(8);
  // Both zeros are one value.
  bytes.writeDoubleBE(number === 0 ? 0 : number);
  const negative = (bytes[0] as number) >= 0x80;
  for (const [i, byte] of bytes.entries()) bytes[i] = negative ? 255 - byte : i === 0 ? byte | 0x80 : byte;
  return NUMBER + bytes.toString("hex");
}

function valuePart(value: Scalar | undefined): string {
  switch (typeof value) {
    case "string":
      return `${textPart(value)}\0\0`;
    case "number":
      return numberPart(value);
    case "boolean":
      return BOOLEAN + (value ? "1" : "0");
  }
  return NOTHING + (value === null ? "n" : "u");
}

export function memberOf(value: Scalar | undefined, key: string): Buffer {
  return Buffer.from(valuePart(value) + key);
}

/** Where the key begins. */
function keyStart(member: Buffer): number {
  const first = String.fromCharCode(member[0] as number);
  return first === TEXT ? member.indexOf("\0\0") + 2 : first === NUMBER ? 17 : 2;
}

/** The key of a member. */
export function keyOf(member: Buffer): string {
  return member.toString("utf8", keyStart(member));
}

/** What members begin with among which an index knows no order: their values are equal, or begin alike. */
export function groupOf(value: Scalar | undefined): Buffer {
  const part = valuePart(value);
  return Buffer.from(part.startsWith(NOTHING) ? NOTHING : part);
}

/** The group of a member. */
export function groupOfMember(member: Buffer): Buffer {
  return member.subarray(0, member[0] === NOTHING.charCodeAt(0) ? 1 : keyStart(member));
}

const between = (from: string, to: string): MemberRange => ({
  from: Buffer.concat([Buffer.from("["), Buffer.from(from)]),
  to: Buffer.concat([Buffer.from("("), Buffer.from(to), END]),
});

/** Every member. */
export const everything: MemberRange = { from: Buffer.from("-"), to: Buffer.from("+") };

/** What of a range is in a group, and behind it in the direction of a walk. */
export function since(group: Buffer, { from, to }: MemberRange, backward: boolean): MemberRange {
  const low = Buffer.concat([Buffer.from("["), group]);
  const high = Buffer.concat([Buffer.from("("), group, END]);
  return backward ? { from, to: high } : { from: low, to };
}

/** Where all items that match a filter are, perhaps among others; undefined for one that says nothing of where. */
export function rangesOf(
  filter: Filter,
): { readonly path: Path; readonly ranges: readonly MemberRange[] } | undefined {
  const equal = (value: Scalar) => between(valuePart(value), valuePart(value));
  switch (filter.op) {
    case "EQ":
      return { path: filter.path, ranges: [equal(filter.value)] };
    case "IN":
      return { path: filter.path, ranges: [...new Set(filter.values)].map(equal) };
    case "NEQ":
    case "AND":
    case "OR":
      return undefined;
  }
  const { op, path, value } = filter;
  // Both ends are in it: what is equal in what an index keeps may be above or below.
  const bound = typeof value === "string" ? textPart(value) : numberPart(value);
  const type = bound.slice(0, 1);
  return { path, ranges: [op === "GT" || op === "GTE" ? between(bound, type) : between(type, bound)] };
}
