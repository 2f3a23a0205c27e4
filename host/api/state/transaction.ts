import type { WriteOutcome } from "../../components/state/store.ts";
import { apiError } from "../../errors/api-error.ts";
import { noContent, type RuntimeResponse } from "../../http.ts";
import type { Call } from "../endpoint.ts";
import { outcomeId } from "../outcome-id.ts";
import { queryMetadata } from "../query-metadata.ts";
import { addressedStore, storedKey } from "./addressed-store.ts";
import { failure } from "./failure.ts";
import { malformed, requestBody, scanned } from "./request-body.ts";
import { refuseRetryPolicy } from "./retry-policy.ts";
import { batchConsistency, operationOf } from "./write-options.ts";

/** POST|PUT /v1.0/state/{store}/transaction: upserts and deletes, all of them or none. */
export async function transactState(call: Call): Promise<RuntimeResponse> {
  const opened = addressedStore(call);
  const { definition, component, resource } = opened;
  const { name } = resource;
  if (!definition.features.includes("TRANSACTIONAL"))
    return apiError("ERR_STATE_STORE_NOT_SUPPORTED", { name });
  const body = await requestBody(call, undefined);
  const { operations } = scanned(() => call.sidecar.core.scanTransaction(body), undefined);
  if (operations.length === 0) return noContent;
  const { maxOperations } = definition;
  if (maxOperations !== undefined && operations.length > maxOperations) {
    const counts = { currentOpsTransaction: operations.length, maxOpsPerTransaction: maxOperations };
    return apiError("ERR_STATE_STORE_TOO_MANY_TRANSACTIONS", { name, ...counts }, { metadata: counts });
  }
  const keys: string[] = [];
  for (const { operation, request } of operations) {
    if (operation !== "upsert" && operation !== "delete") {
      return apiError("ERR_NOT_SUPPORTED_STATE_OPERATION", { operation });
    }
    if (request.key === "") throw malformed('"key" is a required field', undefined);
    keys.push(storedKey(opened, request.key));
  }
  const requests = operations.map(({ request }) => request);
  refuseRetryPolicy(call, requests, undefined);
  const query = queryMetadata(call.request.query);
  let outcome: WriteOutcome;
  try {
    outcome = await component.write({
      operations: operations.map(({ operation, request }, i) =>
        operationOf(operation === "delete" ? "delete" : "upsert", request, keys[i] as string, query),
      ),
      atomic: true,
      consistency: batchConsistency(requests),
      requestId: outcomeId(call, body),
    });
  } catch (error) {
    return failure("ERR_STATE_TRANSACTION", {}, error);
  }
  const refusal = outcome.find((error) => error !== undefined);
  // Dapr has no 409 here: every failure of a transaction is 500.
  return refusal === undefined ? noContent : apiError("ERR_STATE_TRANSACTION", { cause: refusal.message });
}
