import { expect, it } from "vitest";
import { constantFunctions } from "./constant-functions.ts";

it("makes a module of functions that answer what they are told to", async () => {
  const many = Array.from({ length: 200 }, (_, i) => ({
    name: `f${i}`,
    signature: "(i32,i64)->i32",
    answer: i % 64,
  }));
  const bytes = constantFunctions([{ name: "nothing", signature: "(i32)->()" }, ...many]);
  const { instance } = await WebAssembly.instantiate(new Uint8Array(bytes));
  const functions = instance.exports as Record<string, (...given: unknown[]) => unknown>;
  expect(functions.nothing?.(1)).toBeUndefined();
  expect(many.map(({ name }) => functions[name]?.(1, 2n))).toEqual(many.map(({ answer }) => answer));
});
