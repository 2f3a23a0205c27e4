import { joinBytes } from "../../../../join-bytes.ts";
import { sectionBytes, unsigned } from "../../../../wasm-sections.ts";

/** A function that does the same whatever it is given. */
export interface ConstantFunction {
  readonly name: string;
  /** Its type, as a module has it. */
  readonly type: Uint8Array;
  /** Left out: it does nothing. */
  readonly does?: "trap" | number;
}

const TYPES = 1;
const FUNCTIONS = 3;
const EXPORTS = 7;
const CODE = 10;

const UNREACHABLE = 0x00;
const CONSTANT = 0x41;
const END = 0x0b;

function list(items: readonly (readonly number[])[]): Uint8Array {
  return joinBytes([unsigned(items.length), new Uint8Array(items.flat())]);
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

/** A number below 64 is one byte. */
function bodyOf({ does }: ConstantFunction): number[] {
  const code = does === undefined ? [] : does === "trap" ? [UNREACHABLE] : [CONSTANT, does];
  return sized([0, ...code, END]);
}

/** A module that exports these functions, and has nothing else. */
export function constantFunctions(functions: readonly ConstantFunction[]): Uint8Array {
  const index = functions.map((_, i) => [...unsigned(i)]);
  const exported = functions.map(({ name }, i) => [
    ...sized([...new TextEncoder().encode(name)]),
    0,
    ...unsigned(i),
  ]);
  return joinBytes([
    new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
    sectionBytes(TYPES, list(functions.map(({ type }) => [...type]))),
    sectionBytes(FUNCTIONS, list(index)),
    sectionBytes(EXPORTS, list(exported)),
    sectionBytes(CODE, list(functions.map(bodyOf))),
  ]);
}
