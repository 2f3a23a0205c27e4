import { isFieldName } from "../../header-field.ts";
import { hopByHop } from "../../hop-by-hop.ts";
import type { Headers } from "../../http.ts";
import type { GuestField } from "./guest-fields.ts";

const encoder = new TextEncoder();

/** A value as bytes: one for each character where they are a header's, else its UTF-8. */
function bytesOf(value: string): Uint8Array {
  const bytes = new Uint8Array(value.length);
  for (let i = 0; i < value.length; i += 1) {
    const code = value.charCodeAt(i);
    if (code > 0xff) return encoder.encode(value);
    bytes[i] = code;
  }
  return bytes;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what it looks for
const control = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** Bytes as a value: line ends become spaces, as in Go; undefined where no header can hold it. */
function textOf(bytes: Uint8Array): string | undefined {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  const value = text.replace(/[\r\n]+/g, " ").trim();
  return control.test(value) ? undefined : value;
}

export function guestFields(headers: Headers): readonly GuestField[] {
  const fields: GuestField[] = [];
  for (let i = 0; i < headers.length; i += 2)
    fields.push([headers[i] as string, bytesOf(headers[i + 1] as string)]);
  return fields;
}

/** Headers that a guest set, without those that frame a message or that `kept` keeps from it. */
export function headersOf(fields: readonly GuestField[], kept: (name: string) => boolean): Headers {
  const headers: string[] = [];
  for (const [name, value] of fields) {
    if (!isFieldName(name) || isFraming(name) || kept(name)) continue;
    const text = textOf(value);
    if (text !== undefined) headers.push(name, text);
  }
  return headers;
}

/** The same in place of those that a message had, which keeps what the guest may not change. */
export function changedHeaders(
  before: Headers,
  fields: readonly GuestField[],
  kept: (name: string) => boolean,
): Headers {
  const held = before.filter((_, i) => {
    const name = before[i - (i % 2)] as string;
    return isFraming(name) || kept(name);
  });
  return [...held, ...headersOf(fields, kept)];
}

/** Whom a message goes to and where it ends is the host's. */
function isFraming(name: string): boolean {
  return name === "host" || hopByHop.has(name);
}
