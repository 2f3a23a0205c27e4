import { type RuntimeResponse, readBody } from "../http.ts";
import { membersOf } from "./members.ts";

/** What an app's answer to an event means: consumed, to be delivered again, or given up. */
export type Verdict = "success" | "retry" | "drop";

const decoder = new TextDecoder();
/** Larger answers hold no status. Bytes. */
const longestAnswer = 1 << 20;

/** `status` of a JSON object, only where it is a string. */
function statusOf(bytes: Uint8Array): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
  const status = membersOf(value)?.get("status");
  return typeof status === "string" ? status : undefined;
}

/** dapr-http-api §2.1. Rejects when the answer's body breaks off: then nothing is known, and it counts as no answer. */
export async function verdictOf({ status, body }: RuntimeResponse): Promise<Verdict> {
  if (status < 200 || status > 299) {
    if (body instanceof ReadableStream) await body.cancel();
    return status === 404 ? "drop" : "retry";
  }
  if (body === undefined) return "success";
  const bytes = await readBody(body, longestAnswer).catch((error: Error) => {
    if (error.name === "BodyTooLargeError") return undefined;
    throw error;
  });
  if (bytes === undefined || bytes.byteLength === 0) return "success";
  switch (statusOf(bytes)) {
    case undefined:
    case "":
    case "SUCCESS":
      return "success";
    case "DROP":
      return "drop";
    default:
      return "retry";
  }
}
