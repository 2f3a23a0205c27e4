import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Grants, readGrants } from "../../host/capability/grants.ts";
import { decodeMessage, textOf } from "../../host/capability/message.ts";
import type { PackageSource } from "../../host/capability/package-source.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { attacks, callAttacks, caller, manifests } from "./attacks.ts";
import { attackedResources, httpAttackers } from "./http-wasm-attacks.ts";
import { guest, watPackage } from "./wat-package.ts";

const neighbour = watPackage("neighbour", guest());
const body = "{}";
const headers = { "content-type": "application/json" };

/** A sidecar with a fake clock: what is ended at its deadline ends when the clock says so, not when it is slow. */
function beside(
  packages: readonly PackageSource[],
  grants: Record<string, unknown> = {},
): Promise<LocalRuntime> {
  return createRuntime({
    capabilities: { packages: [neighbour, ...packages], grants },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    app: (request) =>
      request.url.endsWith("/hang") ? new Promise<Response>(() => undefined) : new Response("ok"),
  });
}

const call = (runtime: LocalRuntime, name: string, given = body) =>
  runtime.fetch(`/v1.0/capabilities/${name}/run`, { method: "POST", body: given, headers });

const nameOf = ({ manifest }: PackageSource) => (manifest as { name: string }).name;

interface Listed {
  readonly name: string;
  readonly status: string;
  readonly cause?: string;
  readonly measured?: { readonly busy: number; readonly started: number };
}

async function listed(runtime: LocalRuntime): Promise<readonly Listed[]> {
  const response = await runtime.fetch("/v1.0/capabilities");
  return ((await response.json()) as { capabilities: Listed[] }).capabilities;
}

/** Has a package's deadline pass, once it is at what it is to be ended for: its start, or a call. */
async function pass(runtime: LocalRuntime, one: PackageSource, says: string): Promise<void> {
  const at = says.includes("did not start") ? "busy" : "started";
  await vi.waitFor(async () => {
    const shown = (await listed(runtime)).find(({ name }) => name === nameOf(one));
    expect(shown?.measured?.[at]).toBe(1);
  }, 10_000);
  await runtime.advance(1000);
}

describe("a hostile package", () => {
  let runtime: LocalRuntime;
  beforeAll(async () => {
    const granted = attacks.filter(({ grant }) => grant !== undefined);
    runtime = await beside(
      attacks.map((attack) => attack.package),
      Object.fromEntries(granted.map((attack) => [nameOf(attack.package), attack.grant])),
    );
  });
  afterAll(() => runtime.stop(0));

  it.each(attacks.map((attack) => [attack.name, attack] as const))(
    "with %s is refused, and others notice nothing",
    async (_, attack) => {
      const answer = call(runtime, nameOf(attack.package), attack.body);
      expect((await call(runtime, "neighbour")).status).toBe(200);
      if (attack.late) {
        await pass(runtime, attack.package, attack.says);
      }
      const response = await answer;
      const { message } = (await response.json()) as { message: string };
      expect([response.status, message]).toEqual([attack.status, expect.stringContaining(attack.says)]);
      expect((await call(runtime, "neighbour")).status).toBe(200);
    },
  );
});

describe("a hostile guest of http-wasm", () => {
  let runtime: LocalRuntime;
  beforeAll(async () => {
    const packages = httpAttackers.map((one) => one.package);
    runtime = await createRuntime({
      components: attackedResources,
      capabilities: { packages, grants: Object.fromEntries(packages.map((one) => [nameOf(one), "all"])) },
      log: { debug() {}, info() {}, warn() {}, error() {} },
      app: () => new Response("ok"),
    });
  });
  afterAll(() => runtime.stop(0));

  it.each(httpAttackers.map((one) => [one.attack.name, one] as const))(
    "with %s fails its own requests, and no others",
    async (_, { attack, method, package: one }) => {
      const invoke = (method: string) =>
        runtime.fetch(`/v1.0/invoke/app/method/${method}`, { method: "POST", body });
      const answer = invoke(method);
      expect((await invoke("other")).status).toBe(200);
      if (attack.late) {
        await pass(runtime, one, attack.says);
      }
      const response = await answer;
      const { message } = (await response.json()) as { message: string };
      expect([response.status, message]).toEqual([
        500,
        expect.stringContaining(`its guest failed: ${attack.says}`),
      ]);
      expect((await invoke("other")).status).toBe(200);
    },
  );
});

describe("a hostile manifest", () => {
  let runtime: LocalRuntime;
  beforeAll(async () => {
    const other = (manifest: unknown, i: number) => ({
      ...neighbour,
      origin: `tests/manifest-${i}`,
      manifest,
    });
    runtime = await beside([
      ...manifests.map(([, manifest], i) => other(manifest, i)),
      watPackage("neighbour", guest({ handle: "unreachable" })),
    ]);
  });
  afterAll(() => runtime.stop(0));

  it.each(manifests.map(([name, , says], i) => [name, says, i] as const))(
    "with %s is refused",
    async (_, says, i) => {
      const found = (await listed(runtime)).find(({ name }) => name === `tests/manifest-${i}`);
      expect(found).toMatchObject({ status: "refused", cause: expect.stringContaining(says) });
    },
  );

  it("takes no other's name", async () => {
    const both = (await listed(runtime)).filter(({ name }) => name === "neighbour");
    expect(both).toMatchObject([
      { status: "loaded" },
      { cause: "another package is called neighbour as well" },
    ]);
    expect((await call(runtime, "neighbour")).status).toBe(200);
  });
});

describe("a hostile call of the host", () => {
  let runtime: LocalRuntime;
  beforeAll(async () => {
    const callers = callAttacks.map((attack, i) => caller(`caller-${i}`, attack));
    runtime = await beside(callers, Object.fromEntries(callers.map((one) => [nameOf(one), "all"])));
  });
  afterAll(() => runtime.stop(0));

  const codes: Readonly<Record<string, string>> = {
    400: "ERR_BAD_REQUEST",
    403: "ERR_CAPABILITY_NOT_GRANTED",
  };

  it.each(callAttacks.map((attack, i) => [attack.name, attack, i] as const))(
    "for %s",
    async (_, attack, i) => {
      const response = await call(runtime, `caller-${i}`);
      expect(response.status).toBe(200);
      const { fields } = decodeMessage(new Uint8Array(await response.arrayBuffer()));
      expect([textOf(fields, ":status"), textOf(fields, ":error")]).toEqual([
        attack.status,
        attack.says ?? codes[attack.status],
      ]);
    },
  );
});

describe("what a guest answers and logs", () => {
  let runtime: LocalRuntime;
  const lines: string[] = [];

  beforeAll(async () => {
    const note = (line: string) => {
      if (line.includes("flood:")) lines.push(line);
    };
    const log =
      '(import "cap_host" "log" (func $log (param i32 i32 i32))) (global $i (mut i32) (i32.const 0))';
    const flood = `(loop $a (call $log (i32.const 1) (i32.const 0) (i32.const 131072)) (global.set $i (i32.add (global.get $i) (i32.const 1))) (br_if $a (i32.lt_u (global.get $i) (i32.const 10000))))`;
    const echo = guest().split('(func (export "cap_handle") (param i32 i32) (result i64)')[1] as string;
    const looping = guest({ imports: log }).replace(echo, `${flood} ${echo}`);
    runtime = await createRuntime({
      capabilities: { packages: [watPackage("flood", looping)] },
      log: { debug: note, info: note, warn: note, error: note },
    });
  });
  afterAll(() => runtime.stop(0));

  it("is logged where it trapped as well", async () => {
    const said: string[] = [];
    const log = '(import "cap_host" "log" (func $log (param i32 i32 i32))) (data (i32.const 8) "no luck")';
    const last = "(call $log (i32.const 3) (i32.const 8) (i32.const 7)) unreachable";
    const trapping = guest({ imports: log, handle: last });
    const one = await createRuntime({
      capabilities: { packages: [watPackage("trapping", trapping)] },
      log: { debug() {}, info() {}, warn() {}, error: (line) => said.push(line) },
    });
    expect((await call(one, "trapping")).status).toBe(502);
    await one.stop(0);
    expect(said).toContain("capability trapping: no luck");
  });

  it("is cut off where it floods the log", async () => {
    expect((await call(runtime, "flood")).status).toBe(200);
    expect(lines).toHaveLength(100);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(1100);
  });
});

describe("what a package says of itself", () => {
  it("neither begins a line of the log nor commands a terminal", async () => {
    const lines: string[] = [];
    const note = (line: string) => lines.push(line);
    const topics = ["a\u001b[2J\nERROR all is lost"];
    const one = await createRuntime({
      capabilities: {
        packages: [
          watPackage("asking", guest(), { needs: { publish: [{ pubsub: "p", topics }] } }),
          watPackage("importing", guest({ imports: '(import "env" "x\\1b[2J\\0ay" (func))' })),
        ],
      },
      log: { debug: note, info: note, warn: note, error: note },
    });
    await one.stop(0);
    expect(lines.filter((line) => line.includes("all is lost") || line.includes("importing"))).toHaveLength(
      2,
    );
    for (const control of ["\u001b", "\n"]) expect(lines.join("")).not.toContain(control);
  });
});

describe("grants", () => {
  const of = (value: unknown): Grants => readGrants(value, "grants.yaml");

  it.each<[string, unknown, string]>([
    ["a need that is misspelled", { p: { states: [] } }, "grants.yaml: p.states is unknown"],
    ["a list", [], "grants.yaml: it must be an object"],
    [
      "all beside a list",
      { p: { all: true, clock: true } },
      "grants.yaml: p is all, or a list of needs, not both",
    ],
  ])("with %s are refused", (_, value, message) => {
    expect(() => of(value)).toThrow(message);
  });

  it("give a name of every object's to nobody", () => {
    expect(of(JSON.parse('{"__proto__":"all"}')).get("neighbour")).toBeUndefined();
  });
});
