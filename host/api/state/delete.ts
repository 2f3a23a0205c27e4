import { header, type RuntimeResponse } from "../../http.ts";
import type { Call } from "../endpoint.ts";
import { outcomeId } from "../outcome-id.ts";
import { queryValue } from "../query-value.ts";
import { addressedStore, storedKey } from "./addressed-store.ts";
import { failure, written } from "./failure.ts";
import { concurrencyOf, consistencyOf } from "./write-options.ts";

const nothing = new Uint8Array(0);

/** DELETE /v1.0/state/{store}/{key}: guarded by `If-Match`, whose value is the ETag as it was read. */
export async function deleteState(call: Call): Promise<RuntimeResponse> {
  const opened = addressedStore(call);
  const key = call.params[1] as string;
  const stored = storedKey(opened, key);
  const { query, headers } = call.request;
  try {
    const outcome = opened.component.write({
      operations: [
        {
          kind: "delete",
          key: stored,
          etag: header(headers, "if-match") || undefined,
          concurrency: concurrencyOf(queryValue(query, "concurrency")),
        },
      ],
      atomic: false,
      consistency: consistencyOf(queryValue(query, "consistency")),
      requestId: outcomeId(call, nothing),
    });
    return written("ERR_STATE_DELETE", { key }, outcome instanceof Promise ? await outcome : outcome);
  } catch (error) {
    return failure("ERR_STATE_DELETE", { key }, error);
  }
}
