import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGrants } from "../../host/capability/grants.ts";
import { admitPackage } from "../../host/gateway/packages/admit-package.ts";
import { handlerGuests } from "../../host/gateway/packages/handler-guests.ts";
import { guestPlaces } from "../../host/gateway/table-shape.ts";
import { handlerFiles } from "../../host/node/gateway/handler-files.ts";
import { httpAttackers, httpPackage } from "../capability/http-wasm-attacks.ts";
import {
  enable,
  goOn,
  type HttpGuestParts,
  httpGuest,
  httpGuestBytes,
  pair,
  set,
  stop,
} from "../capability/http-wasm-guest.ts";
import { wasm } from "../capability/wat-package.ts";
import { startTarget, type Target } from "../hosts/target.ts";
import { builtGateway, type Gateway } from "../hosts/wasmtime-host.ts";
import { portOf, type Seen, underWasmtime } from "./gateways.ts";
import { guestFiles, resourcesOf, serveGuests } from "./http-wasm-gateway.ts";

const only = (path: string) => ({ onlyFor: `/v1.0/invoke/app/method/${path}` });

const admitted = (parts: HttpGuestParts, name = "guest", changes = {}) =>
  admitPackage(httpPackage(name, httpGuest(parts), changes), everything, "gateway.yaml");

const everything = readGrants({ all: "all" }, "grants").get("all");

/** As many as one gateway has beside their packages. */
const each = guestPlaces.most >> 1;
const shares = Array.from({ length: Math.ceil(httpAttackers.length / each) }, (_, i) =>
  httpAttackers.slice(i * each, (i + 1) * each),
);

for (const [i, share] of shares.entries()) {
  underWasmtime(`a hostile guest of http-wasm in a gateway (${i + 1})`, () => {
    let target: Target;
    let gateway: Gateway;
    beforeAll(async () => {
      target = await startTarget();
      const own = await Promise.all(
        share.map(({ package: source }) => admitPackage(source, everything, "gateway.yaml")),
      );
      const steps = share.map(({ package: source, method }) => {
        const { name } = source.manifest as { readonly name: string };
        return { name, type: `middleware.http.${name}`, metadata: only(method) };
      });
      gateway = await serveGuests(steps, {}, portOf(target.url), { own, reused: true });
    }, 60_000);
    afterAll(async () => {
      await gateway?.stop();
      await target?.close();
    });

    const invoke = (method: string) =>
      gateway.fetch(`/v1.0/invoke/app/method/${method}`, { method: "POST", body: "hi" });

    it.each(share.map((each) => [each.attack.name, each] as const))(
      "with %s: the caller is told, and others notice nothing",
      async (_, { attack, method }) => {
        const call = invoke(method);
        expect((await invoke("other")).status).toBe(200);
        const { status, text } = await call;
        expect([status, text]).toEqual([
          500,
          expect.stringContaining(attack.says.replace("not start", "not answer")),
        ]);
        expect((await invoke("other")).status).toBe(200);
      },
    );
  });
}

/** What only a gateway, which has its memory for all of them, has to bound. */
const greedy = httpPackage(
  "greedy",
  httpGuest({
    request: `(loop $a ${set(0)} (br $a)) (unreachable)`,
    texts: { ...pair, value: "x".repeat(4096) },
  }),
);

underWasmtime("a package's middleware of http-wasm in a gateway", () => {
  let target: Target;
  let gateway: Gateway;
  beforeAll(async () => {
    target = await startTarget();
    const value = "text/html";
    const own = [
      await admitted(
        {
          request: `(local.set $n (call $get_config (i32.const 8192) (i32.const 64)))
          (call $set_header_value (i32.const 0) (i32.const 8192) (local.get $n) (text $value)) ${goOn}`,
          texts: pair,
        },
        "names",
      ),
      await admitted(
        {
          request: `${set(1)} (call $write_body (i32.const 1) (text $value)) ${stop}`,
          texts: { name: "content-type", value },
        },
        "answers",
      ),
      await admitted(
        {
          start: enable(2),
          response: `${set(1)} (call $write_body (i32.const 1) (text $value))`,
          texts: pair,
        },
        "marks",
      ),
      await admitPackage(greedy, everything, "gateway.yaml"),
    ];
    const names = (name: string, guestConfig: string) => ({
      name,
      type: "middleware.http.names",
      metadata: { ...only("names"), guestConfig },
    });
    const steps = [
      names("outer", "x-outer"),
      names("inner", "x-inner"),
      names("forger", "dapr-caller-app-id"),
      { name: "answers", type: "middleware.http.answers", metadata: only("answers") },
      { name: "marks", type: "middleware.http.marks", metadata: only("marks") },
      { name: "greedy", type: "middleware.http.greedy", metadata: only("greedy") },
    ];
    gateway = await serveGuests(steps, {}, portOf(target.url), { own, reused: true });
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await target?.close();
  });

  const invoke = (method: string) => gateway.fetch(`/v1.0/invoke/app/method/${method}`);
  const sealed = ["content-security-policy", "x-content-type-options"];

  it("has an instance and a configuration for each component, and does not speak for the gateway", async () => {
    const { headers } = (await invoke("names")).json as Seen;
    expect(headers).toMatchObject({ "x-outer": "new", "x-inner": "new", "dapr-caller-app-id": "edge" });
  });

  it.each(["answers", "marks"])("has a browser run nothing of what it %s", async (name) => {
    const response = await invoke(name);
    expect(response.status).toBe(200);
    expect(sealed.map((field) => response.header(field))).toEqual(["sandbox; default-src 'none'", "nosniff"]);
  });

  it("has no more of the gateway's memory than what it may answer takes", async () => {
    const { status, text } = await invoke("greedy");
    expect([status, text]).toEqual([
      500,
      expect.stringContaining("it says more of its message than there is room for"),
    ]);
  });

  it("is listed", async () => {
    const { capabilities } = (await gateway.fetch("/v1.0/capabilities")).json as {
      readonly capabilities: readonly { readonly name: string; readonly components: readonly string[] }[];
    };
    expect(capabilities.map(({ name, components }) => [name, components])).toEqual(
      ["names", "answers", "marks", "greedy"].map((name) => [name, [`middleware.http.${name}`]]),
    );
  });
});

describe("a guest of http-wasm at a gateway's build", () => {
  const built = (bytes: Uint8Array<ArrayBuffer>, metadata = {}) =>
    handlerGuests(resourcesOf([{ name: "one", metadata }]), [], guestFiles({ one: bytes }));

  it("may have a memory without a maximum, and be many megabytes at most", async () => {
    const [guest] = await built(httpGuestBytes({ memory: "2" }), { maxMemory: "1Mi" });
    expect(guest?.row.memory).toBe(1 << 20);
    await expect(built(httpGuestBytes({ memory: "32" }), { maxMemory: "1Mi" })).rejects.toThrow(
      "gateway.yaml, document 2: component one: metadata field url: its memory may grow to 2097152 bytes",
    );
  });

  it.each([
    ["bytes that are none", new Uint8Array([1, 2, 3]), {}, "is no module that this engine compiles"],
    [
      "an import that is unknown",
      wasm('(import "env" "exec" (func)) (memory (export "memory") 1)'),
      {},
      "it imports env.exec, which the ABI does not have",
    ],
    ["another hash", httpGuestBytes({}), { sha256: "0".repeat(64) }, "has the SHA-256"],
    [
      "metadata of nobody's",
      httpGuestBytes({}),
      { poolSize: "10" },
      "component one has the metadata poolSize",
    ],
    ["no address", httpGuestBytes({}), { timeout: "soon" }, "metadata field timeout: expected a duration"],
  ] as const)("with %s is refused by its name", async (_, bytes, metadata, says) => {
    await expect(built(bytes, metadata)).rejects.toThrow(says);
  });

  it("is a file, whose name is in no environment", async () => {
    const { read } = handlerFiles("", async (name) => new Uint8Array(builtGateway(name)));
    await expect(read("https://example.com/guest.wasm")).rejects.toThrow("name it by file://");
    await expect(read("file://none.wasm")).rejects.toThrow("the file cannot be read: ENOENT");
  });

  it("of a package may go elsewhere where that was granted", async () => {
    const parts = { request: `(call $set_uri (text $name)) ${goOn}`, texts: pair };
    const source = httpPackage("guest", httpGuest(parts));
    await expect(admitPackage(source, undefined, "gateway.yaml")).rejects.toThrow(
      "package guest was not let in: it imports http_handler.set_uri, which takes rewrite: true",
    );
  });
});
