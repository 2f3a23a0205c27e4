import { expect, it } from "vitest";
import { wasm } from "../../../tests/capability/wat-package.ts";
import { isEmptyFunction } from "./empty-function.ts";

const imports = '(import "a" "b" (func)) (import "a" "c" (func)) (func (drop (i32.const 1)))';
const exported = '(func (export "f") (param i32 i32)';

it.each<[string, string, boolean]>([
  ["nothing", `${imports} ${exported})`, true],
  ["nothing, with locals and nops", `${imports} ${exported} (local i32 i64 i64) nop nop)`, true],
  ["something", `${imports} ${exported} (drop (i32.const 0)))`, false],
  ["an import, under its name", '(import "a" "b" (func $b)) (func) (export "f" (func $b))', false],
  ["a trap", `${exported} unreachable)`, false],
  ["something, under another name", '(func (export "g")) (func (export "f") (drop (i32.const 0)))', false],
  ["nothing, after others", '(func (drop (i32.const 0))) (func (export "f"))', true],
  ["nothing, as a memory of its name is there", '(memory (export "f") 1) (func)', false],
])("knows of a function that does %s", (_, wat, empty) => {
  expect(isEmptyFunction(wasm(wat), "f")).toBe(empty);
});
