import { type Code, ComponentError } from "../../errors/component-error.ts";

/** An error that the other sidecar answered. */
export class RemoteError extends ComponentError {
  constructor(
    code: Code,
    message: string,
    readonly status: number,
    /** Dapr's; empty where the answer was none of Dapr's. */
    readonly errorCode: string,
  ) {
    super(code, message);
    this.name = "RemoteError";
  }
}

const codes: ReadonlyMap<number, Code> = new Map([
  [400, "INVALID_ARGUMENT"],
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [404, "NOT_FOUND"],
  [409, "ABORTED"],
  [429, "RESOURCE_EXHAUSTED"],
  [501, "UNIMPLEMENTED"],
  [502, "UNAVAILABLE"],
  [503, "UNAVAILABLE"],
  [504, "DEADLINE_EXCEEDED"],
]);

/** The longest message that is passed on: an error is a sentence, not a page. */
const LONGEST = 1_000;

/** What an answer of 3xx, 4xx or 5xx says, with what can be done where that is known. */
export function remoteError(url: string, status: number, body: Uint8Array): RemoteError {
  const { errorCode, message } = daprError(body);
  const code = codes.get(status) ?? "UNKNOWN";
  let said = errorCode === "" ? `${status}, which is no answer of Dapr's` : `${errorCode}: ${message}`;
  if (status === 401 && errorCode === "") said = "401: it asks for another token in dapr-api-token";
  return new RemoteError(code, `the sidecar at ${url} answered ${said}`, status, errorCode);
}

function daprError(body: Uint8Array): { errorCode: string; message: string } {
  try {
    const { errorCode, message } = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
    if (typeof errorCode === "string" && typeof message === "string") {
      return { errorCode, message: message.slice(0, LONGEST) };
    }
  } catch {
    // A proxy's page, or a text: not passed on, it may hold anything.
  }
  return { errorCode: "", message: "" };
}
