import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import { packagesIn } from "../../host/node/capability/package-folders.ts";
import type { NodeWasmApp } from "../../host/node/capability/wasm-app-channel.ts";
import { compileAssemblyScript } from "../../host/node/cli/capability/compile-assemblyscript.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { echo, guest, saying, wasm } from "./wat-package.ts";

const root = resolve(import.meta.dirname, "../..");
const sidecars: NodeSidecar[] = [];
afterAll(async () => {
  await Promise.all(sidecars.map((one) => one.stop()));
});

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

async function sidecarOf(appId: string, appWasm: NodeWasmApp, more: object = {}): Promise<NodeSidecar> {
  const one = await startSidecar({ appId, appWasm, log: quiet, components: [], ...more });
  sidecars.push(one);
  return one;
}

const invoke = (one: NodeSidecar, path: string, init?: RequestInit) =>
  fetch(`${one.url}/v1.0/invoke/${one.appId}/method/${path}`, init);

describe("a guest book in WebAssembly", () => {
  let book: NodeSidecar;
  beforeAll(async () => {
    const packages = (await packagesIn([join(root, "dist/capabilities/hello")])).sources;
    book = await sidecarOf(
      "book",
      { module: join(root, "dist/demo/server.wasm") },
      {
        components: [
          { name: "statestore", type: "state.in-memory" },
          { name: "pubsub", type: "pubsub.in-memory" },
        ],
        // A busy machine starts no thread within its own 100 ms.
        capabilities: { packages, grants: { hello: { limits: { timeMs: 20_000 } } } },
      },
    );
  });

  const write = (note: object) => invoke(book, "notes", { method: "POST", body: JSON.stringify(note) });

  it("is invoked, keeps its state, and has a capability of somebody else's greet", async () => {
    const written = await write({ author: "Ada & <b>", text: "first" });
    expect(written.status).toBe(201);
    expect(await written.json()).toMatchObject({ author: "Ada & <b>", greeting: "Hello, Ada & <b>!" });
    const page = await invoke(book, "");
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(page.headers.get("content-security-policy")).toBe("sandbox allow-scripts allow-forms");
    expect(await page.text()).toContain("<b>Ada &amp; &lt;b&gt;</b>: first");
    expect((await (await fetch(`${book.url}/v1.0/state/statestore/notes`)).json()).length).toBe(1);
  });

  it("gets the events of its topic, each once, and gives up what is no note", async () => {
    const publish = (body: object) =>
      fetch(`${book.url}/v1.0/publish/pubsub/notes`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const note = { id: "1", author: "Bob", text: "heard", greeting: "" };
    for (const body of [note, { none: true }, note]) expect((await publish(body)).status).toBe(204);
    const texts = async () =>
      ((await (await invoke(book, "notes")).json()) as { text: string }[]).map(({ text }) => text);
    await expect.poll(texts).toEqual(["heard", "first"]);
  });

  it("takes many writers at a time", async () => {
    const authors = Array.from({ length: 8 }, (_, i) => `author ${i}`);
    const answers = await Promise.all(authors.map((author) => write({ author, text: "at once" })));
    expect(answers.map(({ status }) => status)).toEqual(authors.map(() => 201));
    const notes = (await (await invoke(book, "notes")).json()) as { author: string }[];
    expect(notes.map(({ author }) => author)).toEqual(expect.arrayContaining(authors));
  });
});

describe("a Wasm app that says it has actors", () => {
  let town: NodeSidecar;
  beforeAll(async () => {
    const source = join(import.meta.dirname, "counter-app/index.ts");
    const module = new Uint8Array(await compileAssemblyScript(source, 64));
    town = await sidecarOf(
      "town",
      { module, limits: { concurrency: 4 } },
      {
        components: [{ name: "statestore", type: "state.in-memory", metadata: { actorStateStore: "true" } }],
      },
    );
  }, 60_000);

  const turn = async (id: string, method: string, body = "") => {
    const path = `/v1.0/actors/Counter/${id}/method/${method}`;
    const response = await fetch(town.url + path, { method: "POST", body });
    return `${response.status} ${await response.text()}`;
  };
  const kept = async (id: string, key: string) =>
    await (await fetch(`${town.url}/v1.0/actors/Counter/${id}/state/${key}`)).text();

  it("hosts them: one turn at a time, each with a state of its own, in whichever instance", async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => turn("a", "increment")));
    expect(answers.sort((a, b) => Number(a.slice(4)) - Number(b.slice(4)))).toEqual(
      answers.map((_, i) => `200 ${i + 1}`),
    );
    expect([await turn("b", "increment"), await kept("a", "n")]).toEqual(["200 1", "10"]);
    const { actorRuntime } = (await (await fetch(`${town.url}/v1.0/metadata`)).json()) as {
      actorRuntime: { activeActors: object[] };
    };
    expect(actorRuntime.activeActors).toEqual([{ type: "Counter", count: 2 }]);
  });

  it("has timers and reminders, and one calls another", async () => {
    expect(await turn("c", "remind", '{"dueTime":"0s"}')).toBe("200 ");
    expect(await turn("c", "time", '{"dueTime":"0s"}')).toBe("200 ");
    await expect
      .poll(() => Promise.all([kept("c", "reminders"), kept("c", "timers")]), { timeout: 10_000 })
      .toEqual(["1", "1"]);
    expect([await turn("c", "ask", "d"), await kept("d", "n")]).toEqual(["200 1", "1"]);
  });

  it("goes on where a turn traps, or there is no such method", async () => {
    expect(await turn("e", "increment")).toBe("200 1");
    expect(await turn("e", "trap")).toMatch(/^500 .*ERR_CAPABILITY_FAULT/);
    expect(await turn("e", "nothing")).toMatch(/actor method not found: nothing/);
    expect(await turn("e", "increment")).toBe("200 2");
  });
});

const call = (fields: Readonly<Record<string, string>>) =>
  encodeMessage({
    kind: messageKind.calls,
    fields: Object.entries(fields).map(([name, value]) => textField(name, value)),
  });
/** Asks for one call, and answers with what it was told. */
const asks = (fields: Readonly<Record<string, string>>) => saying(call(fields), { resume: echo });
describe("an app in WebAssembly", () => {
  it.each<[string, string, number, string]>([
    ["traps", guest({ handle: "(unreachable)" }), 502, "ERR_CAPABILITY_FAULT"],
    ["loops", guest({ handle: "(loop $again (br $again)) (unreachable)" }), 504, "ERR_CAPABILITY_DEADLINE"],
    ["asks for what is no path", asks({ ":call": "sidecar", path: "/etc/passwd" }), 400, "no path of"],
    ["climbs", asks({ ":call": "sidecar", path: "/v1.0/../v1.0/metadata" }), 400, "no path of"],
    ["fetches", asks({ ":call": "fetch", url: "http://localhost:1/" }), 403, "to fetch from"],
    [
      "wants keys of a package",
      asks({ ":call": "state.get", store: "statestore", key: "cap:hello:x" }),
      403,
      "to read that key",
    ],
    ["asks its sidecar", asks({ ":call": "sidecar", path: "/v1.0/metadata" }), 200, '"protocol":"wasm"'],
    ["misuses a header", saying(answer([["x y", "1"]])), 502, "a header that is none"],
  ])("that %s", async (_, wat, status, says) => {
    const one = await sidecarOf("app", { module: wasm(wat), limits: { timeMs: 300, memory: "1Mi" } });
    // What it is asked at the start ends its first instance.
    const response = await invoke(one, "run", { method: "POST", body: "x" });
    expect([response.status, await response.text()]).toEqual([status, expect.stringContaining(says)]);
  });

  const bytes = wasm(guest());
  const component = bytes.slice();
  component[6] = 1;
  it.each<[string, NodeWasmApp, string]>([
    ["of another hash", { module: bytes, sha256: "0".repeat(64) }, "where its manifest says"],
    ["with too much memory", { module: bytes, limits: { memory: "64Ki" } }, "its memory may grow to"],
    ["that is a Wasm component", { module: component }, "daprlet capability build"],
    ["that is not there", { module: "none.wasm" }, "none.wasm was not let in"],
    ["with limits that there are not", { module: bytes, limits: { hours: 1 } as object }, "hours is unknown"],
    [
      "with limits that are too high",
      { module: bytes, limits: { timeMs: 10 ** 9 } },
      "timeMs is at most 60000",
    ],
    ["with a hash that is none", { module: bytes, sha256: "abc" }, "sha256 must be"],
  ])("%s is not served", async (_, appWasm, says) => {
    await expect(sidecarOf("app", appWasm)).rejects.toThrow(says);
  });

  it("is let in by its hash", async () => {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const one = await sidecarOf("app", { module: bytes, sha256 });
    const echoed = await invoke(one, "any?x=1", { method: "PUT", body: "hello", headers: { "x-mine": "1" } });
    expect([echoed.status, echoed.headers.get("x-mine"), await echoed.text()]).toEqual([200, "1", "hello"]);
  });
});

function answer(headers: readonly (readonly [string, string])[]): Uint8Array {
  return encodeMessage({
    kind: messageKind.answer,
    fields: headers.map(([name, value]) => textField(name, value)),
  });
}
