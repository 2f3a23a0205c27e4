/** The fields of a message in the inbox, one after the other. */
let next: usize = 0;
let left: u32 = 0;

export let name: usize = 0;
export let nameLength: i32 = 0;
export let value: usize = 0;
export let valueLength: i32 = 0;

export function openFields(message: usize): void {
  left = load<u32>(message, 4);
  next = message + 8;
}

/** Moves on to the next field; false: there is none. */
export function nextField(): bool {
  if (left == 0) return false;
  left--;
  nameLength = load<i32>(next);
  name = next + 4;
  valueLength = load<i32>(name + nameLength);
  value = name + nameLength + 4;
  next = value + valueLength;
  return true;
}
