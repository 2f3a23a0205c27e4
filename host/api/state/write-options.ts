import type { Change, Concurrency, Consistency } from "../../components/state/store.ts";
import type { ScannedItem } from "../../core/core.ts";
import { ComponentError } from "../../errors/component-error.ts";

/** More than three thousand years: what is longer is a mistake, and no date any more. */
const LONGEST_TTL = 100_000_000_000;

/** Throws what a Dapr store says to a name that it does not know. An empty one counts as none. */
export function concurrencyOf(name: string | undefined): Concurrency | undefined {
  if (name === undefined || name === "") return undefined;
  if (name === "first-write" || name === "last-write") return name;
  throw new ComponentError("INVALID_ARGUMENT", `unrecognized concurrency model '${name}'`);
}

/** As {@link concurrencyOf}. */
export function consistencyOf(name: string | undefined): Consistency | undefined {
  if (name === undefined || name === "") return undefined;
  if (name === "strong" || name === "eventual") return name;
  throw new ComponentError("INVALID_ARGUMENT", `unrecognized consistency model '${name}'`);
}

/** What a whole batch is asked for: the strongest that one of its items asks for. Validates every one of them. */
export function batchConsistency(items: readonly ScannedItem[]): Consistency | undefined {
  let strongest: Consistency | undefined;
  for (const item of items) {
    const asked = consistencyOf(item.consistency);
    if (asked === "strong" || strongest === undefined) strongest = asked;
  }
  return strongest;
}

/** Seconds to live; 0 for ever, which -1 asks for as well, and undefined where nothing is asked for. */
function ttlOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const seconds = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= -1 && seconds <= LONGEST_TTL) return Math.max(0, seconds);
  throw new ComponentError(
    "INVALID_ARGUMENT",
    "error parsing TTL: incorrect value for metadata 'ttlInSeconds': expected a whole number of seconds, -1 or greater",
  );
}

const encodedNull = new TextEncoder().encode("null");

/** An item of a request as an operation on `key`, the stored one. Metadata of the query override the item's own. */
export function operationOf(
  kind: Change["kind"],
  item: ScannedItem,
  key: string,
  query: ReadonlyMap<string, string>,
): Change {
  const etag = item.etag === "" ? undefined : item.etag;
  const concurrency = concurrencyOf(item.concurrency);
  if (kind === "delete") return { kind, key, etag, concurrency };
  const asked = (name: string) => query.get(name) ?? item.metadata?.get(name);
  return {
    kind,
    key,
    // A copy, so that a small value does not keep a large request's body in memory.
    value: (item.value ?? encodedNull).slice(),
    etag,
    concurrency,
    ttlInSeconds: ttlOf(asked("ttlInSeconds")),
    contentType: asked("contentType"),
  };
}
