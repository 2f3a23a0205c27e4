import type { WriteOutcome } from "../../components/state/store.ts";
import { apiError, type ErrorParameters } from "../../errors/api-error.ts";
import type { ErrorCode } from "../../errors/catalogue.ts";
import { ComponentError, type ETagError } from "../../errors/component-error.ts";
import { noContent, type RuntimeResponse } from "../../http.ts";

/** The operation's answer to what a component threw. Anything else is thrown on: it is the runtime's to answer. */
export function failure(code: ErrorCode, parameters: ErrorParameters, error: unknown): RuntimeResponse {
  if (!(error instanceof ComponentError)) throw error;
  return apiError(code, { ...parameters, cause: error.message });
}

/** Success, or the operation's answer to the first refusal: 409 for a stale ETag, 400 for an impossible one. */
export function written(
  code: ErrorCode,
  parameters: ErrorParameters,
  outcome: WriteOutcome,
): RuntimeResponse {
  const refusal = outcome.find((error): error is ETagError => error !== undefined);
  if (refusal === undefined) return noContent;
  return apiError(
    code,
    { ...parameters, cause: refusal.message },
    { status: refusal.kind === "mismatch" ? 409 : 400 },
  );
}
