import asc from "assemblyscript/asc";
import { beforeAll, describe, expect, it } from "vitest";
import { bake, bakedConfiguration, bakedTable } from "../../host/gateway/bake.ts";
import { importedInterfaces } from "../../host/gateway/component-imports.ts";
import { encodeTable, TABLE, TABLE_END } from "../../host/gateway/table.ts";
import { joinBytes } from "../../host/join-bytes.ts";
import { sectionBytes, sections, WasmFormatError } from "../../host/wasm-sections.ts";
import { appRow, gatewayTable, upstreamRow } from "./gateway-table.ts";

/** A module that looks apps up, with statics of its own and, for its memory.init, a count of its segments. */
const probe = `
  import { configured, findApp, findSite, head } from "./assembly/gateway/table";
  const own: usize = memory.data<u8>([1, 2, 3, 4]);
  const scratch: usize = memory.data(256);
  export function input(): usize { return scratch; }
  export function statics(): i32 { return load<u8>(own, 3); }
  export function ready(): i32 { return configured(); }
  export function port(length: u32): i32 {
    const found = findApp(scratch, length);
    return found ? <i32>found.upstream(0).port : -1;
  }
  export function site(length: u32): i32 {
    const found = findSite(scratch, length);
    return found ? <i32>found.upstreamsCount : -1;
  }
  export function regionOf(length: u32, index: u32): u32 {
    const upstream = findApp(scratch, length)!.upstream(index);
    memory.copy(scratch, upstream.region, upstream.regionLength);
    return upstream.regionLength;
  }
  export function limit(): u32 { return head().maxBody; }
`;

/** Of a Wasm component; what else it has beside its module is passed over. */
const head = new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
const passedOn = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

async function component(): Promise<Uint8Array> {
  let binary = new Uint8Array(0);
  const { readFile } = await import("node:fs/promises");
  const { error, stderr } = await asc.main(
    [
      "probe.ts",
      "-o",
      "probe.wasm",
      "--runtime",
      "stub",
      "--memoryBase",
      String(TABLE_END),
      "--use",
      "abort=",
    ],
    {
      readFile: (name: string) =>
        name === "probe.ts" ? probe : readFile(name, "utf8").catch(() => null as unknown as string),
      writeFile: (name: string, contents: Uint8Array) => {
        if (name.endsWith(".wasm")) binary = contents.slice();
      },
    } as unknown as Parameters<typeof asc.main>[1],
  );
  if (error) throw new Error(stderr.toString());
  const modules = [passedOn, binary].map((module) => sectionBytes(1, module));
  return joinBytes([head, ...modules, sectionBytes(0, new Uint8Array([1, 0x78, 1, 2, 3]))]);
}

interface Probe {
  readonly memory: WebAssembly.Memory;
  input(): number;
  statics(): number;
  ready(): number;
  port(length: number): number;
  site(length: number): number;
  regionOf(length: number, index: number): number;
  limit(): number;
}

/** An instance of the module inside. */
function open(file: Uint8Array) {
  const module = sections(file).filter(({ id }) => id === 1)[1]?.content as Uint8Array<ArrayBuffer>;
  const core = new WebAssembly.Instance(new WebAssembly.Module(module)).exports as unknown as Probe;
  const memory = () => new Uint8Array(core.memory.buffer, core.input());
  const name = (text: string) => new TextEncoder().encodeInto(text, memory()).written;
  return {
    core,
    port: (id: string) => core.port(name(id)),
    site: (id: string) => core.site(name(id)),
    region: (id: string, index: number) =>
      new TextDecoder().decode(memory().slice(0, core.regionOf(name(id), index))),
  };
}

let plain: Uint8Array;
beforeAll(async () => {
  plain = await component();
}, 60_000);

describe("a file with its configuration inside", () => {
  const table = encodeTable(
    gatewayTable({
      maxBody: 4_000_000_000,
      apps: ["b", "a.x", "ä", "a", "orders", "Orders", "a-b"].map((id, i) =>
        appRow(id, [upstreamRow({ port: 4000 + i }), upstreamRow({ region: `region of ${id}` })]),
      ),
      sites: [appRow("cluster1", [upstreamRow(), upstreamRow(), upstreamRow()])],
    }),
  );

  it("is read by the core inside", () => {
    const { core, port, site, region } = open(bake(plain, table));
    expect(core.ready()).toBe(1);
    expect(["b", "a.x", "ä", "a", "orders", "Orders", "a-b"].map(port)).toEqual([
      4000, 4001, 4002, 4003, 4004, 4005, 4006,
    ]);
    expect(["", "order", "orders2", "ORDERS", "z", "a."].map(port)).toEqual([-1, -1, -1, -1, -1, -1]);
    expect(region("ä", 1)).toBe("region of ä");
    expect([site("cluster1"), site("cluster")]).toEqual([3, -1]);
    expect(core.limit() >>> 0).toBe(4_000_000_000);
    expect(core.statics()).toBe(4);
  });

  it("says that it has none before", () => {
    expect(bakedTable(plain)).toBeUndefined();
    expect(bakedConfiguration(plain)).toBeUndefined();
    expect(open(plain).core.ready()).toBe(0);
  });

  it("has one table, also where it is written anew", () => {
    const once = bake(plain, table);
    const other = encodeTable(gatewayTable({ appId: "other" }));
    expect(bake(bake(once, other), table)).toEqual(once);
    expect(bakedTable(once)).toEqual(table);
    expect(bakedConfiguration(bake(once, other))?.appId).toBe("other");
    expect(open(bake(once, other)).port("a")).toBe(-1);
  });

  it("takes a table as large as there is room, and says of a larger one what to do", () => {
    const filled = (length: number) => gatewayTable({ apps: [appRow("x".repeat(length), [])] });
    const beside = encodeTable(filled(0)).length;
    const largest = TABLE_END - TABLE - beside;
    expect(open(bake(plain, encodeTable(filled(largest)))).core.statics()).toBe(4);
    expect(() => encodeTable(filled(largest + 1))).toThrow(
      /takes 523265 bytes, and a gateway has room for 523264: divide it among several gateways/,
    );
  });

  it("says of a broken file that it is broken, wherever a byte is another", () => {
    const small = bake(plain, encodeTable(gatewayTable({ apps: [appRow("a", [upstreamRow()])] })));
    let seed = 1;
    const next = (below: number) => {
      seed = (seed * 48_271) % 0x7fffffff;
      return seed % below;
    };
    for (let i = 0; i < 3_000; i++) {
      const broken = small.slice(0, next(8) === 0 ? next(small.length) : small.length);
      for (let j = next(3); j >= 0; j--) broken[next(small.length)] = next(256);
      try {
        bakedConfiguration(broken);
        importedInterfaces(broken);
        bake(broken, table);
      } catch (error) {
        expect(error).toBeInstanceOf(WasmFormatError);
      }
    }
  });

  it("refuses what is no gateway", () => {
    const none = sections(plain).filter(({ id }) => id === 1)[1]?.content as Uint8Array;
    for (const [file, reason] of [
      [new Uint8Array(0), /no Wasm component/],
      [none, /no Wasm component/],
      [plain.subarray(0, 20), /ends too early/],
      [plain.subarray(0, 8), /no module with data/],
    ] as const) {
      expect(() => bake(file, table)).toThrow(WasmFormatError);
      expect(() => bake(file, table)).toThrow(reason);
    }
  });
});
