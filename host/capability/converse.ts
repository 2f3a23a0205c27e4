import type { Guest, GuestLine } from "./confinement.ts";
import { GuestFault } from "./guest-fault.ts";
import type { CallContext, HostCalls } from "./host-calls.ts";
import { decodeMessage, encodeMessage, type MessageField, messageKind, partsOf } from "./message.ts";
import type { ReadRequest } from "./read-request.ts";

/** What became of a call: the guest's answer, or what is wrong with the request, which it has not seen. */
export type Conversation = { readonly answer: readonly MessageField[] } | { readonly refused: string };

/** One call of a guest: a request, steps as many as it asks for, an answer. Throws a GuestFault. */
export async function converse(
  guest: Guest,
  { fields: request, checks }: ReadRequest,
  calls: HostCalls,
  context: CallContext,
  log: (line: GuestLine) => void,
): Promise<Conversation> {
  let entry = "handle";
  let message = encodeMessage({ kind: messageKind.request, fields: request });
  for (;;) {
    const { bytes, lines, refused } = await guest.call(entry, message, entry === "handle" ? checks : []);
    if (refused !== undefined) return { refused };
    lines.forEach(log);
    const { kind, fields } = decodeMessage(bytes);
    if (kind === messageKind.answer) return { answer: fields };
    if (kind !== messageKind.calls) throw new GuestFault("protocol", `it answers a message of kind ${kind}`);
    const asked = partsOf(fields, ":call");
    if (asked.length === 0) throw new GuestFault("protocol", "it asks for an empty list of calls");
    const results = await calls.perform(asked, context);
    entry = "resume";
    message = encodeMessage({ kind: messageKind.results, fields: results });
  }
}
