/**
 * The guest's own memory, which is all there is. What is allocated in it goes through the guest's allocator; what is kept from one
 * call to the next is one byte, grown when it is needed: an allocator that forgets everything with each call may have it.
 */
// @ts-ignore: decorator
@external("guest", "realloc")
declare function realloc(old: usize, oldSize: i32, align: i32, size: i32): usize;

/**
 * For the guest to own. What is empty is asked for as well, as it may be freed; where that has no address it gets one all the same:
 * languages that know no null take it.
 */
export function allocate(align: i32, size: i32): usize {
  const at = realloc(0, 0, align, size);
  return size == 0 && at == 0 ? align : checked(at);
}

export function copied(from: usize, length: i32): usize {
  const at = allocate(1, length);
  memory.copy(at, from, length);
  return at;
}

let inbox: usize = 0;
let inboxSize: i32 = 0;
let outbox: usize = 0;
let outboxSize: i32 = 0;
let written: i32 = 0;

function checked(at: usize): usize {
  if (at == 0) unreachable();
  return at;
}

/** Room for what the host has to say; what was said before is forgotten. */
export function openInbox(size: i32): usize {
  if (outboxSize > 1) {
    outbox = realloc(outbox, outboxSize, 1, 1);
    outboxSize = 1;
  }
  inbox = realloc(inbox, inboxSize, 1, max(size, 1));
  inboxSize = max(size, 1);
  return inbox;
}

export function closeInbox(): void {
  if (inboxSize <= 1) return;
  inbox = realloc(inbox, inboxSize, 1, 1);
  inboxSize = 1;
}

/** A message begins; its count of fields is written last. */
export function begin(kind: u32): void {
  written = 0;
  put32(kind);
  put32(0);
}

/** The message as the ABI's `pointer << 32 | length`. */
export function finished(): u64 {
  return ((<u64>outbox) << 32) | (<u64>written);
}

function room(size: i32): usize {
  if (written + size > outboxSize) {
    const larger = max(written + size, max(2 * outboxSize, 256));
    outbox = checked(realloc(outbox, outboxSize, 1, larger));
    outboxSize = larger;
  }
  const at = outbox + written;
  written += size;
  return at;
}

export function put32(value: u32): void {
  store<u32>(room(4), value);
}

export function putBytes(from: usize, length: i32): void {
  put32(length);
  memory.copy(room(length), from, length);
}

/** As it is: fields that are written already. */
export function putRaw(from: usize, length: i32): void {
  memory.copy(room(length), from, length);
}

/** Text of up to 24 bytes. */
export function putText(length: i32, first: u64, second: u64 = 0, third: u64 = 0): void {
  put32(length);
  const at = room(length + 24);
  written -= 24;
  store<u64>(at, first);
  store<u64>(at, second, 8);
  store<u64>(at, third, 16);
}

/** Decimal, of three digits. */
export function putStatus(status: u32): void {
  putText(3, (status / 100 + 0x30) | (((status / 10) % 10 + 0x30) << 8) | ((status % 10 + 0x30) << 16));
}

export function putNumber(value: u32): void {
  let digits: i32 = 1;
  for (let rest = value / 10; rest > 0; rest /= 10) digits++;
  put32(digits);
  const at = room(digits);
  for (let i = digits - 1, rest = value; i >= 0; i--, rest /= 10) store<u8>(at + i, <u8>(0x30 + rest % 10));
}

/** The message has one field more. */
export function count(): void {
  store<u32>(outbox, load<u32>(outbox, 4) + 1, 4);
}

/** A buffer that lasts for one request, apart from in- and outbox: grown, and a byte again when it ends. */
export function resized(old: usize, oldSize: i32, align: i32, size: i32): usize {
  return checked(realloc(old, oldSize, align, size));
}

let held: usize = 0;
let heldSize: i32 = 0;

/** The inbox stays as it is until {@link release}, whatever comes later. */
export function hold(): void {
  const spare = held;
  const spareSize = heldSize;
  held = inbox;
  heldSize = inboxSize;
  inbox = spare;
  inboxSize = spareSize;
}

export function release(): void {
  if (heldSize <= 1) return;
  held = realloc(held, heldSize, 1, 1);
  heldSize = 1;
}
