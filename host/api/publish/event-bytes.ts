import { fromBase64 } from "../../base64.ts";
import type { ScannedEntry } from "../../core/core.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const nothing = encoder.encode("null");

function base64(text: string): Uint8Array {
  const standard = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  if (!standard.test(text)) throw new TypeError("unable to decode base64 application/octet-stream data");
  return fromBase64(text);
}

/**
 * What an entry of a bulk publish carries, by its content type: JSON as it was written, the bytes of a text, or those
 * that it spells in base64. Throws TypeError where content type and event do not go together.
 */
export function eventBytes({ event = nothing, contentType }: ScannedEntry): Uint8Array {
  const mismatch = () => new TypeError("mismatch between contentType and event");
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  // A view would keep the whole request for as long as the broker keeps the event.
  if (type === "application/json" || type === "application/cloudevents+json") return event.slice();
  const binary = type === "application/octet-stream";
  if (!binary && !type.startsWith("text/")) throw mismatch();
  const text: unknown = JSON.parse(decoder.decode(event));
  if (typeof text !== "string") throw mismatch();
  return binary ? base64(text) : encoder.encode(text);
}
