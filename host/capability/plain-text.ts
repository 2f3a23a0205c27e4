/**
 * Text as UTF-8 and back. Most of what messages say is a few characters of ASCII, which an engine's own encoder and decoder take
 * longer to be called for than a loop does.
 */

const SHORT = 48;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isPlain(text: string): boolean {
  if (text.length > SHORT) return false;
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Bytes that the text takes. */
export function textSize(text: string): number {
  return isPlain(text) ? text.length : encoder.encode(text).length;
}

/** There has to be room for it. */
export function putText(text: string, into: Uint8Array, at: number): void {
  if (!isPlain(text)) {
    encoder.encodeInto(text, into.subarray(at));
    return;
  }
  for (let i = 0; i < text.length; i += 1) into[at + i] = text.charCodeAt(i);
}

export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  if (!isPlain(text)) return encoder.encode(text);
  const bytes = new Uint8Array(text.length);
  putText(text, bytes, 0);
  return bytes;
}

/** Throws a TypeError for what is no UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  if (bytes.length > SHORT) return decoder.decode(bytes);
  let text = "";
  for (const byte of bytes) {
    if (byte > 0x7f) return decoder.decode(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}
