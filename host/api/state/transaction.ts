import type { WriteOutcome } from "../../components/state/store.ts";
import { apiError } from "../../errors/api-error.ts";
import { noContent, type RuntimeResponse } from "../../http.ts";
import type { Call } from "../endpoint.ts";
import { outcomeId } from "../outcome-id.ts";
import { queryMetadata } from "../query-metadata.ts";
import { addressedStore, storedKey } from "./addressed-store.ts";
import { failure } from "./failure.ts";
import { outboxPlan } from "./outbox-events.ts";
import { malformed, requestBody, scanned } from "./request-body.ts";
import { refuseRetryPolicy } from "./retry-policy.ts";
import { batchConsistency, operationOf } from "./write-options.ts";

/** POST|PUT /v1.0/state/{store}/transaction: upserts and deletes, all of them or none. */
export async function transactState(call: Call): Promise<RuntimeResponse> {
  const opened = addressedStore(call);
  const { definition, component, resource, outbox } = opened;
  const { name } = resource;
  if (!definition.features.includes("TRANSACTIONAL"))
    return apiError("ERR_STATE_STORE_NOT_SUPPORTED", { name });
  const body = await requestBody(call, undefined);
  const { operations: asked } = scanned(() => call.sidecar.core.scanTransaction(body), undefined);
  if (asked.length === 0) return noContent;
  // The events of a transaction are one more operation of it.
  const most = definition.maxOperations && definition.maxOperations - (outbox === undefined ? 0 : 1);
  if (most !== undefined && asked.length > most) {
    const counts = { currentOpsTransaction: asked.length, maxOpsPerTransaction: most };
    return apiError("ERR_STATE_STORE_TOO_MANY_TRANSACTIONS", { name, ...counts }, { metadata: counts });
  }
  for (const { operation, request } of asked) {
    if (operation !== "upsert" && operation !== "delete") {
      return apiError("ERR_NOT_SUPPORTED_STATE_OPERATION", { operation });
    }
    if (request.key === "") throw malformed('"key" is a required field', undefined);
    storedKey(opened, request.key);
  }
  const requests = asked.map(({ request }) => request);
  refuseRetryPolicy(call, requests, undefined);
  const query = queryMetadata(call.request.query);
  const plan = outbox && outboxPlan(call, outbox, asked, query);
  const operations = () =>
    (plan?.operations ?? asked).map(({ operation, request }) => {
      const kind = operation === "delete" ? "delete" : "upsert";
      return operationOf(kind, request, storedKey(opened, request.key), query);
    });
  let outcome: WriteOutcome;
  try {
    const batch = { operations, consistency: batchConsistency(requests), requestId: outcomeId(call, body) };
    if (outbox !== undefined && plan !== undefined && plan.events.length > 0) {
      outcome = await call.sidecar.outboxes.of(opened).write(batch, outbox, plan.events);
    } else {
      outcome = await component.write({ ...batch, operations: operations(), atomic: true });
    }
  } catch (error) {
    return failure("ERR_STATE_TRANSACTION", {}, error);
  }
  const refusal = outcome.find((error) => error !== undefined);
  // Dapr has no 409 here: every failure of a transaction is 500.
  if (refusal === undefined) return noContent;
  return { ...apiError("ERR_STATE_TRANSACTION", { cause: refusal.message }), conflict: true };
}
