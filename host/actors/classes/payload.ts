import type { Headers } from "../../http.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const binary = /^(?:application\/octet-stream|(?:image|audio|video|font)\/)/i;

/** Bytes and their type, as they travel. */
export interface Payload {
  readonly headers: Headers;
  readonly body: Uint8Array | undefined;
}

const nothing: Payload = { headers: [], body: undefined };

/** A value as bytes, which stay what they are, or as JSON. */
export function encodePayload(value: unknown): Payload {
  if (value === undefined) return nothing;
  const bytes = bytesOf(value);
  if (bytes !== undefined) return { headers: ["content-type", "application/octet-stream"], body: bytes };
  const text = JSON.stringify(value);
  if (text === undefined) return nothing;
  return { headers: ["content-type", "application/json"], body: encoder.encode(text) };
}

/**
 * The arguments of a call. One goes as it is, so that actors in other languages, whose methods take one, understand it;
 * several, and one that is a list itself, go as a list.
 */
export function encodeArguments(args: readonly unknown[]): Payload {
  const [only] = args;
  if (args.length === 1 && !Array.isArray(only)) return encodePayload(only);
  return args.length === 0 ? nothing : encodePayload(args);
}

/** The inverse of {@link encodePayload}. Throws SyntaxError for what claims to be JSON and is none. */
export function decodePayload(type: string, body: Uint8Array): unknown {
  if (binary.test(type)) return body;
  if (body.byteLength === 0) return undefined;
  const text = decoder.decode(body);
  try {
    return JSON.parse(text);
  } catch (error) {
    // A plain fetch with a string for its body says that it is text, whatever it is.
    if (/^text\//i.test(type)) return text;
    throw error;
  }
}

/** The inverse of {@link encodeArguments}, and of what Dapr's SDK for JavaScript sends. Throws SyntaxError. */
export function decodeArguments(type: string, body: Uint8Array): readonly unknown[] {
  const value = decodePayload(type, body);
  if (Array.isArray(value)) return value;
  return value === undefined ? [] : [value];
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (!ArrayBuffer.isView(value)) return undefined;
  return new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
}
