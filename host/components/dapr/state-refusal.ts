import type { ETagError } from "../../errors/component-error.ts";
import { type Change, type Item, isConditional } from "../state/store.ts";
import { RemoteError } from "./remote-error.ts";

/** What an error says of an ETag in Dapr's words; undefined where it has another cause. */
export function etagFault(error: unknown): ETagError["kind"] | undefined {
  if (!(error instanceof RemoteError)) return undefined;
  if (error.message.includes("possible etag mismatch")) return "mismatch";
  return error.message.includes("invalid etag value") ? "invalid" : undefined;
}

/** What a transaction has written itself: its ETag is not known to anybody before the end. */
const written = Symbol("written");

/**
 * The first operation of a refused transaction that does not fit what is stored, by the items as they were read after
 * the refusal; undefined where all fit by now.
 */
export function firstRefused(
  operations: readonly Change[],
  found: ReadonlyMap<string, Item | undefined>,
): number | undefined {
  const etags = new Map<string, string | typeof written | undefined>();
  for (const [key, item] of found) etags.set(key, item === undefined ? undefined : (item.etag ?? written));
  for (const [i, operation] of operations.entries()) {
    const { kind, key, etag } = operation;
    if (isConditional(operation) && etags.get(key) !== etag) return i;
    etags.set(key, kind === "upsert" ? written : undefined);
  }
  return undefined;
}
