import { describe, expect, it } from "vitest";
import { admitPackage, type GatewayPackage } from "../../host/gateway/packages/admit-package.ts";
import { composeGuests } from "../../host/gateway/packages/compose-guests.ts";
import { guestRows } from "../../host/gateway/packages/guest-rows.ts";
import { guest, run, wasm, watPackage } from "../capability/wat-package.ts";
import { gatewayTable } from "./gateway-table.ts";

const all = { needs: "all", limits: {} } as const;
const admitted = (changes: object, wat = guest()) =>
  admitPackage(watPackage("p", wat, { ...changes }), all, "gateway.yaml");
const taking = (schema: object) => ({
  offers: [
    {
      kind: "http",
      openapi: { paths: { "/run": { get: { parameters: [{ name: "x", in: "query", schema }] } } } },
    },
  ],
});

describe("what a gateway does not do for a package is refused by name", () => {
  it.each<[object, string]>([
    [{ needs: { subscribe: [{ pubsub: "p", topics: ["t"] }] } }, "receive t of p"],
    [{ needs: { actors: ["Cart"] } }, "Cart"],
    [
      { offers: [{ kind: "function", name: "f", prerequisites: { store: "s", inputs: ["a"] } }] },
      "it offers nothing that a gateway runs: HTTP operations, functions",
    ],
    [
      taking({ type: "string", pattern: "^a" }),
      "the schema of its query parameter x says more than a gateway checks: pattern",
    ],
    [taking({ type: "object" }), 'parameter x says more than a gateway checks: type "object"'],
    [taking({ enum: ["a", {}] }), "enum or const with more than texts"],
    [taking({ type: "string", format: "email" }), "format email"],
    [taking({ type: "string", not: { pattern: "a" } }), "says more than a gateway checks: pattern"],
    [
      taking({ type: "array", not: { minItems: 2 } }),
      "says more than a gateway checks: a list that combines",
    ],
    [taking({ type: "string", anyOf: [] }), "anyOf that is no list of schemas"],
    [taking({ type: "array", items: { type: "string" }, uniqueItems: true }), "uniqueItems"],
    [
      { offers: [{ kind: "component", type: "bindings.mine", operations: ["get"] }] },
      "it offers nothing that a gateway runs",
    ],
    [
      { offers: [{ kind: "http", openapi: run, sources: [{ container: "a/b", port: 80 }] }] },
      "nobody answers its offer http: it is offered as the container a/b, and this host runs no containers",
    ],
  ])("%j", async (changes, says) => {
    await expect(admitted(changes)).rejects.toThrow(says);
  });

  it.each([
    [
      "data behind its memory",
      guest({ more: '(data (i32.const 200000) "x")' }),
      "no instance can be made of it",
    ],
    [
      "a function in a table that has no room",
      guest({ more: "(table 1 1 funcref) (elem (i32.const 5) $f) (func $f)" }),
      "no instance can be made of it",
    ],
  ])("a module with %s, which would end every request", async (_, wat, says) => {
    await expect(admitted({}, wat)).rejects.toThrow(says);
  });

  it("what is granted and the gateway does not have", async () => {
    const one = await admitted({ needs: { state: [{ store: "mine", access: "read" }] } });
    expect(() => guestRows([one], gatewayTable())).toThrow("package p is granted state store mine");
    const other = await admitted({ needs: { invoke: [{ app: "nobody" }] } });
    expect(() => guestRows([other], gatewayTable())).toThrow("package p is granted app nobody");
    const plain = await admitted({});
    expect(() => guestRows([plain, plain], gatewayTable())).toThrow("two packages that are called p");
  });
});

it("says what of functions a gateway does not do", async () => {
  const topics = [{ pubsub: "p", topic: "t" }];
  const one = await admitPackage(
    watPackage("p", guest(), {
      offers: [
        { kind: "function", name: "f", topics },
        { kind: "function", name: "g" },
        { kind: "function", name: "h", prerequisites: { store: "s", inputs: ["t"] }, topics },
      ],
    }),
    undefined,
    "gateway.yaml",
  );
  expect(one.row.functions).toEqual([{ text: "f" }, { text: "g" }]);
  const says = one.remarks.join("\n");
  expect(says).toContain("the function f for events, bindings or timers, and a gateway receives none");
  expect(says).toContain("the function h, whose prerequisites a gateway does not wait for");
});

describe("a guest's code with a count of its steps", () => {
  /** Runs a metered module; answers what it calls. */
  async function play(one: GatewayPackage, act: (exports: WebAssembly.Exports) => void) {
    const called = { tick: 0, trap: 0 };
    const { instance } = await WebAssembly.instantiate(one.guest?.bytes as BufferSource, {
      cap_host: {
        tick() {
          called.tick += 1;
        },
        trap() {
          called.trap += 1;
        },
      },
    });
    act(instance.exports);
    return called;
  }
  const calling = (exports: WebAssembly.Exports, name: string, ...numbers: number[]) =>
    (exports[name] as (...given: number[]) => unknown)(...numbers);

  it("ticks in loops, calls and moves of memory, and does else what it did", async () => {
    const wat = guest({
      more: `(table 2 2 funcref) (elem (i32.const 0) $a $b) (global $g (mut i32) (i32.const 7)) (type $t (func (param i32) (result i32)))
        (func $a (type $t) (i32.add (local.get 0) (global.get $g)))
        (func $b (type $t) (if (result i32) (local.get 0) (then (call $b (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 3))))
        (func (export "pick") (param i32 i32) (result i32) (call_indirect (type $t) (local.get 1) (local.get 0)))
        (func (export "count") (param i32) (result i32) (local $n i32)
          (block $out (loop $more (br_if $out (i32.ge_u (local.get $n) (local.get 0))) (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $more)))
          (local.get $n))
        (func (export "move") (param i32) (loop $more (memory.fill (i32.const 0) (i32.const 0) (i32.const 64))
          (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))`,
    });
    const one = await admitted({ limits: { memory: "1Mi" } }, wat);
    expect(
      await play(one, (exports) => {
        expect(calling(exports, "pick", 0, 5)).toBe(12);
        expect(calling(exports, "pick", 1, 50)).toBe(3);
        expect(calling(exports, "cap_abi_version")).toBe(1);
      }),
    ).toEqual({ tick: 0, trap: 0 });
    expect(
      (await play(one, (exports) => expect(calling(exports, "count", 100_000)).toBe(100_000))).tick,
    ).toBe(10);
    expect((await play(one, (exports) => calling(exports, "move", 100))).tick).toBe(10);
  });

  it("tells of a trap before it", async () => {
    const one = await admitted({}, guest({ handle: "unreachable" }));
    expect(
      await play(one, (exports) => expect(() => calling(exports, "cap_handle", 0, 0)).toThrow()),
    ).toEqual({
      tick: 0,
      trap: 1,
    });
  });

  it("is refused where it has instructions that nobody counts", async () => {
    const wat = guest({ more: "(tag $e) (func (throw $e))" });
    await expect(admitted({}, wat)).rejects.toThrow("it has the instruction 0x8");
  });
});

it("a file without packages stays as it is", () => {
  const file = wasm("(module)");
  expect(composeGuests(file, [])).toBe(file);
});
