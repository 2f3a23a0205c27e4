import { joinBytes } from "../../../../join-bytes.ts";
import { sectionBytes, unsigned } from "../../../../wasm-sections.ts";

/** A function that answers the same number whatever it is given, or nothing. */
export interface ConstantFunction {
  readonly name: string;
  /** As `(i32,i64)->i32`. */
  readonly signature: string;
  /** Below 64. */
  readonly answer?: number;
}

const TYPES = 1;
const FUNCTIONS = 3;
const EXPORTS = 7;
const CODE = 10;

const values: Readonly<Record<string, number>> = { i32: 0x7f, i64: 0x7e };
const CONSTANT = 0x41;
const END = 0x0b;

function list(items: readonly (readonly number[])[]): Uint8Array {
  return joinBytes([unsigned(items.length), new Uint8Array(items.flat())]);
}

function typeOf(signature: string): readonly number[] {
  const [, parameters = "", result = ""] = /^\((.*)\)->(.*)$/.exec(signature) ?? [];
  const some = (text: string) => text.split(",").flatMap((name) => values[name] ?? []);
  return [0x60, ...sized(some(parameters)), ...sized(some(result))];
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

/** A module that exports these functions, and has nothing else. */
export function constantFunctions(functions: readonly ConstantFunction[]): Uint8Array {
  const index = functions.map((_, i) => [...unsigned(i)]);
  const exported = functions.map(({ name }, i) => [
    ...sized([...new TextEncoder().encode(name)]),
    0,
    ...unsigned(i),
  ]);
  const code = functions.map(({ answer }) =>
    sized(answer === undefined ? [0, END] : [0, CONSTANT, answer, END]),
  );
  return joinBytes([
    new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
    sectionBytes(TYPES, list(functions.map(({ signature }) => typeOf(signature)))),
    sectionBytes(FUNCTIONS, list(index)),
    sectionBytes(EXPORTS, list(exported)),
    sectionBytes(CODE, list(code)),
  ]);
}
