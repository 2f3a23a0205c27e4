import { allocate } from "./memory";

/** Reads what the host wrote: a JSON object of texts, as `list<tuple<string, string>>`. */
let at: usize = 0;
let end: usize = 0;

function skipTo(byte: u8): bool {
  while (at < end && load<u8>(at) != byte) at++;
  return at < end;
}

function hex(from: usize): u32 {
  let value: u32 = 0;
  for (let i = 0; i < 4; i++) {
    const byte = <u32>load<u8>(from + i);
    value = (value << 4) | (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return value;
}

function escaped(byte: u8): u8 {
  if (byte == 0x6e) return 10;
  if (byte == 0x74) return 9;
  if (byte == 0x72) return 13;
  if (byte == 0x62) return 8;
  if (byte == 0x66) return 12;
  return byte;
}

function putCodePoint(to: usize, code: u32): usize {
  if (code < 0x80) {
    store<u8>(to, <u8>code);
    return to + 1;
  }
  const bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (let i = bytes - 1; i > 0; i--) {
    store<u8>(to + i, <u8>(0x80 | (code & 0x3f)));
    code >>= 6;
  }
  store<u8>(to, <u8>(code | (0xf00 >> bytes)));
  return to + bytes;
}

/** The string at hand, unescaped, as `(pointer, length)` into a record. What is escaped is never shorter. */
function readString(into: usize): void {
  at++;
  const from = at;
  while (at < end && load<u8>(at) != 0x22) at += load<u8>(at) == 0x5c ? 2 : 1;
  const text = allocate(1, <i32>(at - from));
  let to = text;
  for (let i = from; i < at; ) {
    const byte = load<u8>(i);
    if (byte != 0x5c) {
      store<u8>(to++, byte);
      i++;
    } else if (load<u8>(i, 1) != 0x75) {
      store<u8>(to++, escaped(load<u8>(i, 1)));
      i += 2;
    } else {
      let code = hex(i + 2);
      i += 6;
      if ((code & 0xfc00) == 0xd800 && i + 6 <= at && (hex(i + 2) & 0xfc00) == 0xdc00) {
        code = 0x10000 + ((code & 0x3ff) << 10) + (hex(i + 2) & 0x3ff);
        i += 6;
      }
      to = putCodePoint(to, code);
    }
  }
  at++;
  store<u32>(into, <u32>text);
  store<u32>(into, <u32>(to - text), 4);
}

/** Writes the list's pointer and length into a record. */
export function readTexts(json: usize, length: i32, into: usize): void {
  let entries = 0;
  end = json + length;
  for (let i = json, quoted = false; i < end; i++) {
    const byte = load<u8>(i);
    if (byte == 0x5c) i++;
    else if (byte == 0x22) quoted = !quoted;
    else if (byte == 0x3a && !quoted) entries++;
  }
  const list = allocate(4, 16 * entries);
  at = json;
  for (let i = 0; i < entries && skipTo(0x22); i++) {
    readString(list + 16 * i);
    if (!skipTo(0x22)) unreachable();
    readString(list + 16 * i + 8);
  }
  store<u32>(into, <u32>list);
  store<u32>(into, entries, 4);
}
