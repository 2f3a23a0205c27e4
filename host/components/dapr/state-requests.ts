import { joinBytes } from "../../join-bytes.ts";
import { type Change, type Consistency, isConditional } from "../state/store.ts";
import { remoteName } from "./remote-name.ts";

const encoder = new TextEncoder();

/** A request of the state API that writes. */
export interface WriteRequest {
  readonly method: "POST" | "DELETE";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/**
 * The operations of a batch, request by request. An answer says whether all of a request was applied, so what may be
 * refused is sent by itself; and a sidecar may write what stands in one request in any order, so no key is twice in it.
 */
export function inRequests(operations: readonly Change[]): readonly (readonly Change[])[] {
  const requests: Change[][] = [];
  let keys: Set<string> | undefined;
  for (const operation of operations) {
    const alone = operation.kind === "delete" || isConditional(operation);
    if (!alone && keys !== undefined && !keys.has(operation.key)) {
      keys.add(operation.key);
      requests.at(-1)?.push(operation);
      continue;
    }
    requests.push([operation]);
    keys = alone ? undefined : new Set([operation.key]);
  }
  return requests;
}

/** An operation as the state API has it, the value's own bytes spliced in. */
function item(operation: Change, consistency: Consistency | undefined): Uint8Array {
  const { kind, key, etag, concurrency } = operation;
  const options = { concurrency, consistency };
  if (kind === "delete") return encoder.encode(JSON.stringify({ key: remoteName(key), etag, options }));
  const { ttlInSeconds, contentType } = operation;
  const metadata = {
    contentType,
    ...(ttlInSeconds !== undefined && { ttlInSeconds: String(ttlInSeconds) }),
  };
  const rest = JSON.stringify({ key: remoteName(key), etag, options, metadata });
  return joinBytes([encoder.encode(`${rest.slice(0, -1)},"value":`), operation.value, encoder.encode("}")]);
}

function list(items: readonly Uint8Array[], before: string, after: string): Uint8Array {
  const parts = items.flatMap((one, i) => [encoder.encode(i === 0 ? before : ","), one]);
  return joinBytes([...parts, encoder.encode(after)]);
}

/** Body of POST /v1.0/state/{store}. */
export function saveBody(operations: readonly Change[], consistency: Consistency | undefined): Uint8Array {
  return list(
    operations.map((operation) => item(operation, consistency)),
    "[",
    "]",
  );
}

/** Body of POST /v1.0/state/{store}/transaction. */
export function transactionBody(
  operations: readonly Change[],
  consistency: Consistency | undefined,
): Uint8Array {
  const steps = operations.map((operation) =>
    list([item(operation, consistency)], `{"operation":"${operation.kind}","request":`, "}"),
  );
  return list(steps, '{"operations":[', "]}");
}
