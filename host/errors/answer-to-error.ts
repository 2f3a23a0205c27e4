import type { RuntimeRequest, RuntimeResponse } from "../http.ts";
import type { Log } from "../platform.ts";
import { ApiError, apiError } from "./api-error.ts";
import { ComponentError } from "./component-error.ts";

/** What a request is answered that ended with `error`. */
export function answerToError(error: unknown, request: RuntimeRequest, log: Log): RuntimeResponse {
  if (error instanceof ApiError) return error.response;
  if (error instanceof Error && error.name === "AbortError" && request.signal?.aborted) {
    log.debug("a caller went away", { cause: error.message });
    return apiError("ERR_INTERNAL", { cause: "the caller went away" });
  }
  const cause = error instanceof ComponentError ? error.message : "see the sidecar's log";
  log.error("a request failed", {
    cause: error instanceof Error ? (error.stack ?? error.message) : "unknown",
  });
  return apiError("ERR_INTERNAL", { cause });
}
