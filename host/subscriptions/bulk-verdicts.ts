import { type RuntimeResponse, readBody } from "../http.ts";
import { membersOf } from "./members.ts";
import type { Verdict } from "./verdict.ts";

const decoder = new TextDecoder();
/** Bytes: of 1,000 entries and more. */
const longestAnswer = 4 << 20;

const all =
  (verdict: Verdict): ((entryId: string) => Verdict) =>
  () =>
    verdict;

/**
 * What an app's answer says of each entry of a bulk delivery (dapr-http-api §2.1). Unlike a single event's, an entry
 * without a status is to be delivered again. Rejects when the answer's body breaks off.
 */
export async function bulkVerdicts({ status, body }: RuntimeResponse): Promise<(entryId: string) => Verdict> {
  if (status < 200 || status > 299) {
    if (body instanceof ReadableStream) await body.cancel();
    return all(status === 404 ? "drop" : "retry");
  }
  const bytes = await readBody(body, longestAnswer).catch((error: Error) => {
    if (error.name === "BodyTooLargeError") return new Uint8Array(0);
    throw error;
  });
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    return all("retry");
  }
  const list = membersOf(value)?.get("statuses");
  const verdicts = new Map<unknown, Verdict>();
  for (const entry of Array.isArray(list) ? list : []) {
    const fields = membersOf(entry);
    const given = fields?.get("status");
    const verdict = given === "SUCCESS" ? "success" : given === "DROP" ? "drop" : "retry";
    verdicts.set(fields?.get("entryid"), verdict);
  }
  return (entryId) => verdicts.get(entryId) ?? "retry";
}
