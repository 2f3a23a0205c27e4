/** What of any text can be a header field. */

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What would break the framing of a header, or be refused by every channel. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what it looks for
const control = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const ascii = /^[\t\x20-\x7e]*$/;
const encoder = new TextEncoder();

export function isFieldName(name: string): boolean {
  return token.test(name);
}

/**
 * The text as a field's value: beyond ASCII its UTF-8 bytes, one character each, which is what a header can carry and
 * what Dapr sends. Undefined where no header can hold it.
 */
export function fieldValue(text: string): string | undefined {
  if (ascii.test(text)) return text;
  if (control.test(text)) return undefined;
  let bytes = "";
  for (const byte of encoder.encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}
