import { header, type RuntimeResponse } from "../http.ts";

/** What an answer of the app to a timer or reminder says. */
export type CallbackVerdict = "done" | "cancelled" | "failed";

export async function verdictOf({ status, headers, body }: RuntimeResponse): Promise<CallbackVerdict> {
  if (body instanceof ReadableStream) await body.cancel().catch(() => undefined);
  if (status !== 200) return "failed";
  return header(headers, "x-daprremindercancel") === "true" ? "cancelled" : "done";
}

const encoder = new TextEncoder();
const comma = encoder.encode(",");

/** Bytes of a JSON object: `data`, which is JSON text already and goes first as it is, and then all others. */
export function callbackBody(
  data: Uint8Array | undefined,
  others: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const rest = encoder.encode(JSON.stringify(others));
  if (data === undefined) return rest;
  const name = encoder.encode('{"data":');
  const body = new Uint8Array(name.length + data.length + rest.length);
  body.set(name);
  body.set(data, name.length);
  body.set(comma, name.length + data.length);
  body.set(rest.subarray(1), name.length + data.length + 1);
  return body;
}
