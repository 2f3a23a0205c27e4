const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The body of a frame `placement`. */
export function encodeRecord(record: object): Uint8Array {
  return encoder.encode(JSON.stringify(record));
}

/** Anything: undefined for what is no JSON. */
export function decodeRecord(body: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch {
    return undefined;
  }
}
