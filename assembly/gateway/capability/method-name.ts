import { Call } from "../call";
import { METHOD_NAMES } from "../fields.gen";
import { same } from "../text";
import { OTHER } from "../wasi/incoming";

let start: usize = 0;
let length: i32 = 0;

/** Finds the method of a call in capitals. They stand behind each other with their lengths, by the numbers of wasi:http. */
export function takeMethod(call: Call): void {
  if (call.method == OTHER) {
    start = call.methodText;
    length = call.methodLength;
    return;
  }
  let at = METHOD_NAMES;
  for (let i = 0; i < call.method; i++) at += 1 + <usize>load<u8>(at);
  start = at + 1;
  length = load<u8>(at);
}

// @ts-ignore: decorator
@inline
export function methodText(): usize {
  return start;
}

// @ts-ignore: decorator
@inline
export function methodSize(): i32 {
  return length;
}

/** Gives a call the method of that name, which is in capitals. */
export function setMethod(call: Call, name: usize, size: i32): void {
  let at = METHOD_NAMES;
  call.method = 0;
  while (call.method < OTHER && !same(at + 1, load<u8>(at), name, size)) {
    at += 1 + <usize>load<u8>(at);
    call.method++;
  }
  call.methodText = name;
  call.methodLength = size;
}
