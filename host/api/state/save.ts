import { noContent, type RuntimeResponse } from "../../http.ts";
import type { Call } from "../endpoint.ts";
import { outcomeId } from "../outcome-id.ts";
import { queryMetadata } from "../query-metadata.ts";
import { addressedStore, storedKey } from "./addressed-store.ts";
import { failure, written } from "./failure.ts";
import { malformed, requestBody, scanned } from "./request-body.ts";
import { retriedId, retrying, retryPolicyOf } from "./retry-policy.ts";
import { batchConsistency, operationOf } from "./write-options.ts";

/**
 * POST|PUT /v1.0/state/{store}: an array of items, each on its own. Nothing is written unless all of them are well
 * formed; a stale ETag refuses its own item only.
 */
export async function saveState(call: Call): Promise<RuntimeResponse> {
  const opened = addressedStore(call);
  const body = await requestBody(call, "{cause}");
  const items = scanned(() => call.sidecar.core.scanState(body), "{cause}");
  if (items.length === 0) return noContent;
  const keys = items.map(({ key }) => {
    if (key === "") throw malformed('"key" is a required field', "{cause}");
    return storedKey(opened, key);
  });
  const query = queryMetadata(call.request.query);
  const policy = retryPolicyOf(call, items, "{cause}");
  const requestId = outcomeId(call, body) ?? (policy && retriedId(call, opened));
  const { name } = opened.resource;
  // Operations anew for each attempt: the store owns their values.
  const write = () =>
    opened.component.write({
      operations: items.map((item, i) => operationOf("upsert", item, keys[i] as string, query)),
      atomic: false,
      consistency: batchConsistency(items),
      requestId,
    });
  try {
    const outcome = policy === undefined ? write() : retrying(policy, call, write);
    return written("ERR_STATE_SAVE", { name }, outcome instanceof Promise ? await outcome : outcome);
  } catch (error) {
    return failure("ERR_STATE_SAVE", { name }, error);
  }
}
