import { ComponentError } from "../../host/errors/component-error.ts";

/** A transaction or an opening that took too long; thrown inside the storage layer only. */
export class StorageTimeout extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StorageTimeout";
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : "";
}

/**
 * True for the failures that a fresh connection may cure: the browser closed or lost the database (Safari:
 * UnknownError, "connection lost"), or aborted a transaction for a reason of its own.
 */
export function isLostConnection(error: unknown): boolean {
  return ["InvalidStateError", "UnknownError", "AbortError"].includes(nameOf(error));
}

/** True for a transaction that failed for want of room: perhaps only because of one write among many. */
export function isQuotaFailure(error: unknown): boolean {
  return error instanceof ComponentError && error.code === "RESOURCE_EXHAUSTED";
}

/** Any failure of IndexedDB as a ComponentError that names cause and remedy; `database` is the database's name. */
export function storageError(error: unknown, database: string): ComponentError {
  if (error instanceof ComponentError) return error;
  const failed = (code: ConstructorParameters<typeof ComponentError>[0], message: string) =>
    new ComponentError(code, `IndexedDB ${database}: ${message}`, { cause: error });
  const detail = error instanceof Error || error instanceof DOMException ? error.message : String(error);
  switch (nameOf(error)) {
    case "QuotaExceededError":
      return failed(
        "RESOURCE_EXHAUSTED",
        "the browser's storage quota for this origin is used up, nothing was written; delete data, or ask for more with persist()",
      );
    case "StorageTimeout":
      return failed("UNAVAILABLE", detail);
    case "InvalidStateError":
    case "UnknownError":
    case "AbortError":
      return failed(
        "UNAVAILABLE",
        `the browser lost the database and opening it again did not help (${nameOf(error)}: ${detail}); retry, or reload the page`,
      );
    case "VersionError":
      return failed(
        "FAILED_PRECONDITION",
        "a newer daprlet has upgraded the database; reload this page to run that one",
      );
    case "SecurityError":
      return failed(
        "PERMISSION_DENIED",
        "the browser denies storage to this page (an opaque origin, or blocked site data); allow it, or use state.in-memory and pubsub.in-memory",
      );
    default:
      return failed("INTERNAL", `${nameOf(error)}: ${detail}`);
  }
}
