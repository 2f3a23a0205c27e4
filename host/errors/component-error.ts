import { reasonOf } from "./reason-of.ts";
/** gRPC's closed set of codes: the only ones a component may fail with. */
export type Code =
  | "CANCELLED"
  | "UNKNOWN"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNAUTHENTICATED";

/** Told by it in every copy of this module: components of one's own are bundled with another. */
const brand = Symbol.for("daprlet.ComponentError");

/** What a component throws. The message names cause and remedy, and never a stored value or a secret. */
export class ComponentError extends Error {
  readonly [brand] = true;

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a class that derives from this one is told as all classes are.
    if (this !== ComponentError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return value instanceof Error && brand in value;
  }

  constructor(
    readonly code: Code,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = "ComponentError";
  }

  /** Any thrown value as a ComponentError: itself, CANCELLED for an abort, else UNKNOWN with the cause kept. */
  static from(error: unknown): ComponentError {
    if (error instanceof ComponentError) return error;
    if (error instanceof Error && error.name === "AbortError")
      return new ComponentError("CANCELLED", error.message);
    return new ComponentError("UNKNOWN", reasonOf(error), {
      cause: error,
    });
  }
}

/** An ETag that does not match what is stored, or that the store could never have issued. */
export class ETagError extends Error {
  constructor(
    readonly kind: "mismatch" | "invalid",
    readonly key: string,
  ) {
    super(
      kind === "mismatch"
        ? "possible etag mismatch. error from state store: the item exists already, or was changed or deleted since it was read"
        : "invalid etag value: not an ETag of this store",
    );
    this.name = "ETagError";
  }
}
