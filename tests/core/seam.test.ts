import { readFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { loadCore } from "../../host/core/load-core.ts";
import { marks, shapes } from "../../host/core/scan.ts";
import { sentences, wrongTypes } from "../../host/core/scan-faults.ts";
import { coreModule } from "./core.ts";

/** The numbers that a source of the core exports, by name. */
function numbers(file: string): Record<string, number> {
  const source = readFileSync(new URL(`../../assembly/json/${file}`, import.meta.url), "utf8");
  return Object.fromEntries(
    [...source.matchAll(/^export const (\w+): i32 = (-?\d+);/gm)].map(([, name, value]) => [
      name,
      Number(value),
    ]),
  );
}

const fields = numbers("fields.ts");

test("host and core have the same numbers for shapes and marks", () => {
  const { ANY: _, SKIP, SAVE_ROOT, TRANSACTION_ROOT, EVENT_ROOT, BINDING_ROOT, BULK_ROOT } = fields;
  expect(shapes).toEqual({
    any: SKIP,
    save: SAVE_ROOT,
    transaction: TRANSACTION_ROOT,
    event: EVENT_ROOT,
    binding: BINDING_ROOT,
    bulk: BULK_ROOT,
  });
  const { OPERATION_LIST, ...others } = fields;
  for (const [name, number] of Object.entries(marks)) {
    const constant = name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    expect([name, number]).toEqual([name, name === "operations" ? OPERATION_LIST : others[constant]]);
  }
});

test("each fault of the core has a sentence", () => {
  const { MORE_MARKS: _, FIELD: __, ...faults } = numbers("fault.ts");
  expect(Object.keys(sentences).map(Number).sort()).toEqual(Object.values(faults).sort());
});

test("each field that takes one type only has a sentence", () => {
  const { KEY, ETAG, ITEM_OPTIONS, CONCURRENCY, CONSISTENCY, METADATA, MAP_VALUE, ELEMENT } = fields;
  const { OPERATION_LIST, OPERATION_NAME, REQUEST, ENTRY_ID, CONTENT_TYPE } = fields;
  const typed = [KEY, ETAG, ITEM_OPTIONS, CONCURRENCY, CONSISTENCY, METADATA, MAP_VALUE, ELEMENT];
  const expected = [...typed, OPERATION_LIST, OPERATION_NAME, REQUEST, ENTRY_ID, CONTENT_TYPE]
    .map(Number)
    .sort();
  expect(Object.keys(wrongTypes).map(Number).sort()).toEqual(expected);
});

afterEach(() => vi.restoreAllMocks());

test("after a trap the next call finds a new instance", () => {
  const Instance = WebAssembly.Instance;
  let traps = 1;
  const instances = vi.spyOn(WebAssembly, "Instance").mockImplementation(function trapping(module) {
    const { exports } = new Instance(module);
    const route = (...input: number[]) => {
      if (traps-- > 0) throw new WebAssembly.RuntimeError("unreachable");
      return (exports.route as (...input: number[]) => number)(...input);
    };
    return { exports: { ...exports, route } };
  });
  const core = loadCore(coreModule);
  expect(() => core.route("GET", "/v1.0/metadata")).toThrow(WebAssembly.RuntimeError);
  expect(core.route("GET", "/v1.0/metadata")).toMatchObject({ path: "v1.0/metadata" });
  core.route("GET", "/v1.0/metadata");
  expect(instances).toHaveBeenCalledTimes(2);
});
