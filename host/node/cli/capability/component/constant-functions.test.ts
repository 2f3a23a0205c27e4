import { expect, it } from "vitest";
import { constantFunctions } from "./constant-functions.ts";

const I32 = 0x7f;
const I64 = 0x7e;

it("makes a module of functions that do what they are told to", async () => {
  const many = Array.from({ length: 200 }, (_, i) => ({
    name: `f${i}`,
    type: new Uint8Array([0x60, 2, I32, I64, 1, I32]),
    does: i % 64,
  }));
  const bytes = constantFunctions([
    { name: "nothing", type: new Uint8Array([0x60, 1, I32, 0]) },
    { name: "never", type: new Uint8Array([0x60, 0, 1, I64]), does: "trap" },
    ...many,
  ]);
  const { instance } = await WebAssembly.instantiate(new Uint8Array(bytes));
  const functions = instance.exports as Record<string, (...given: unknown[]) => unknown>;
  expect(functions.nothing?.(1)).toBeUndefined();
  expect(() => functions.never?.()).toThrow("unreachable");
  expect(many.map(({ name }) => functions[name]?.(1, 2n))).toEqual(many.map(({ does }) => does));
});
