import { GuestFault } from "./guest-fault.ts";
import { decodeText, encodeText, putText, textSize } from "./plain-text.ts";

/** The kinds of messages, by what they are. */
export const messageKind = { request: 1, answer: 2, calls: 3, results: 4 } as const;

/** A name and its value; the order counts, and names may come again. */
export type MessageField = readonly [name: string, value: Uint8Array];

export interface Message {
  readonly kind: number;
  readonly fields: readonly MessageField[];
}

const nothing = new Uint8Array(0);

/** A field whose value is text. */
export function textField(name: string, value: string): MessageField {
  return [name, encodeText(value)];
}

const valueAt = (fields: readonly MessageField[], i: number) => (fields[i] as MessageField)[1];

/** `u32 kind, u32 count`, then for each field `u32 length, name, u32 length, value`; little-endian, without padding. */
export function encodeMessage({ kind, fields }: Message): Uint8Array {
  const sizes = fields.map(([name]) => textSize(name));
  let size = 8;
  for (let i = 0; i < fields.length; i += 1) size += 8 + (sizes[i] as number) + valueAt(fields, i).length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, kind, true);
  view.setUint32(4, fields.length, true);
  let at = 8;
  for (let i = 0; i < fields.length; i += 1) {
    const name = sizes[i] as number;
    const value = valueAt(fields, i);
    view.setUint32(at, name, true);
    putText((fields[i] as MessageField)[0], bytes, at + 4);
    view.setUint32(at + 4 + name, value.length, true);
    bytes.set(value, at + 8 + name);
    at += 8 + name + value.length;
  }
  return bytes;
}

/** Values are views of `bytes`. Throws a GuestFault for what is no message: each length is compared with what is there. */
export function decodeMessage(bytes: Uint8Array): Message {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const number = (): number => {
    if (bytes.length - at < 4) throw new GuestFault("protocol", "its message ends before its fields do");
    at += 4;
    return view.getUint32(at - 4, true);
  };
  const part = (): Uint8Array => {
    const length = number();
    if (length > bytes.length - at)
      throw new GuestFault("protocol", "a field of its message ends after the message");
    at += length;
    return bytes.subarray(at - length, at);
  };
  const kind = number();
  const count = number();
  // Each takes eight bytes at least: a count that cannot be is known before anything is made of it.
  if (count > (bytes.length - at) / 8)
    throw new GuestFault("protocol", "its message has fewer fields than it says");
  const fields: MessageField[] = [];
  for (let i = 0; i < count; i += 1) fields.push([text(part(), "a name"), part()]);
  if (at !== bytes.length) throw new GuestFault("protocol", "its message goes on after its last field");
  return { kind, fields };
}

function text(bytes: Uint8Array, what: string): string {
  try {
    return decodeText(bytes);
  } catch {
    throw new GuestFault("protocol", `${what} in its message is not UTF-8`);
  }
}

/** The first value of a name; undefined: there is none. */
export function fieldOf(fields: readonly MessageField[], name: string): Uint8Array | undefined {
  return fields.find(([known]) => known === name)?.[1];
}

/** As text. Throws a GuestFault where it is none. */
export function textOf(fields: readonly MessageField[], name: string): string | undefined {
  const value = fieldOf(fields, name);
  return value && text(value, name);
}

/** The parts of a list (calls, results): each begins with the field `first`. Throws where something stands before it. */
export function partsOf(
  fields: readonly MessageField[],
  first: string,
): readonly (readonly MessageField[])[] {
  const parts: MessageField[][] = [];
  for (const field of fields) {
    if (field[0] === first) parts.push([]);
    const part = parts.at(-1);
    if (part === undefined) throw new GuestFault("protocol", `the first field of its list is not ${first}`);
    part.push(field);
  }
  return parts;
}

export function emptyField(name: string): MessageField {
  return [name, nothing];
}
