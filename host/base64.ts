/** Standard base64, padded. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  // More arguments than this at once overflow the stack of some engines.
  for (let i = 0; i < bytes.length; i += 0x8000)
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

/** Throws an Error for what is no base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
