// A byte order mark is part of the text here.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The UTF-8 between two places. Up to a dozen ASCII letters are put together sooner than a decoder is called. */
export function textBetween(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 12) return decoder.decode(bytes.subarray(start, end));
  let text = "";
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte > 0x7f) return decoder.decode(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}
