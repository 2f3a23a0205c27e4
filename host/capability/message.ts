import { GuestFault } from "./guest-fault.ts";

/** The kinds of messages, by what they are. */
export const messageKind = { request: 1, answer: 2, calls: 3, results: 4 } as const;

/** A name and its value; the order counts, and names may come again. */
export type MessageField = readonly [name: string, value: Uint8Array];

export interface Message {
  readonly kind: number;
  readonly fields: readonly MessageField[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const nothing = new Uint8Array(0);

/** A field whose value is text. */
export function textField(name: string, value: string): MessageField {
  return [name, encoder.encode(value)];
}

/** `u32 kind, u32 count`, then for each field `u32 length, name, u32 length, value`; little-endian, without padding. */
export function encodeMessage({ kind, fields }: Message): Uint8Array {
  const names = fields.map(([name]) => encoder.encode(name));
  let size = 8;
  for (const [i, [, value]] of fields.entries()) size += 8 + (names[i] as Uint8Array).length + value.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, kind, true);
  view.setUint32(4, fields.length, true);
  let at = 8;
  const put = (part: Uint8Array) => {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  };
  for (const [i, [, value]] of fields.entries()) {
    put(names[i] as Uint8Array);
    put(value);
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
    return decoder.decode(bytes);
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
