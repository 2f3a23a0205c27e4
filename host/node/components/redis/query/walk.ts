import type { Path, StateQuery } from "../../../../components/state/query.ts";
import { readToken } from "../../../../components/state/query-page.ts";
import type { Row } from "../../../../components/state/query-values.ts";
import type { RedisClient } from "../redis-client.ts";
import { everything, groupOf, groupOfMember, keyOf, type MemberRange, since } from "./members.ts";

const CHUNK = 500;

/** Ranges of one sorted set. */
export interface Place {
  readonly set: string;
  readonly ranges: readonly MemberRange[];
}

/** A way through the keys of all items that match a query, and perhaps of others. */
export interface Walk {
  readonly parts: AsyncIterable<readonly string[]>;
  /** Whether what comes after the part that was handed out last is sorted behind this row. */
  isPast(row: Row): boolean;
}

/** Keys in the order of the members, backward or forward. */
async function* members(
  client: RedisClient,
  set: string,
  { from, to }: MemberRange,
  count: number,
  backward: boolean,
): AsyncGenerator<readonly Buffer[]> {
  for (let [low, high] = [from, to]; ; ) {
    const ends = backward ? [high, low, "BYLEX", "REV"] : [low, high, "BYLEX"];
    const found = (await client.callBuffer(
      "ZRANGE",
      ...[set, ...ends, "LIMIT", 0, count],
    )) as readonly Buffer[];
    if (found.length > 0) yield found;
    if (found.length < count) return;
    const last = Buffer.concat([Buffer.from("("), found.at(-1) as Buffer]);
    if (backward) high = last;
    else low = last;
  }
}

/** The keys in a place, in parts. */
export async function* inRanges(
  client: RedisClient,
  { set, ranges }: Place,
): AsyncGenerator<readonly string[]> {
  for (const range of ranges) {
    for await (const found of members(client, set, range, CHUNK, false)) yield found.map(keyOf);
  }
}

/**
 * Where one page is asked for, in the order of an index: the walk along it from where the page before ended, so that it
 * can end with the page. Undefined where the filter leads to fewer items by another member.
 */
export function orderedWalk(
  client: RedisClient,
  query: StateQuery,
  narrowest: Place,
  setName: (path: Path) => string,
): Walk | undefined {
  const { sort, limit } = query;
  const [first] = sort;
  const [range, ...more] = narrowest.ranges;
  if (first === undefined || limit === undefined || range === undefined || more.length > 0) return undefined;
  const set = setName(first.path);
  if (set !== narrowest.set && range !== everything) return undefined;
  const backward = first.order === "DESC";
  const after = readToken(query);
  const rest = after === undefined ? range : since(groupOf(after.values[0]), range, backward);
  const count = Math.min(CHUNK, Math.max(50, limit + 1));
  let reached: Buffer | undefined;
  async function* parts(): AsyncGenerator<readonly string[]> {
    for await (const found of members(client, set, rest, count, backward)) {
      reached = groupOfMember(found.at(-1) as Buffer);
      yield found.map(keyOf);
    }
  }
  return {
    parts: parts(),
    isPast(row) {
      if (reached === undefined) return false;
      const distance = Buffer.compare(reached, groupOf(row.at(first.path)));
      return backward ? distance < 0 : distance > 0;
    },
  };
}
