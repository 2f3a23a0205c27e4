import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import { PackageSet } from "../../host/capability/package-set.ts";
import type { PackageSource } from "../../host/capability/package-source.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { testContext } from "../conformance/test-context.ts";
import { inProcess } from "./in-process.ts";
import { guest, run, saying, watPackage } from "./wat-package.ts";

const answering = (text: string) =>
  saying(encodeMessage({ kind: messageKind.answer, fields: [textField(":body", text)] }));

const remote = "https://detect.example/v2";
const asked = vi.fn<(url: string, init: RequestInit) => Promise<Response>>();
let runtime: LocalRuntime | undefined;

beforeEach(() => {
  asked.mockReset();
  vi.stubGlobal("fetch", asked);
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await runtime?.stop(0);
});

const offer = (...sources: object[]) => ({ offers: [{ kind: "http", openapi: run, sources }] });
const detector = (sources: object[], wat = answering("local")) =>
  watPackage("detect", wat, offer(...sources));

async function started(
  packages: readonly PackageSource[],
  grants: Record<string, unknown> = { detect: "all" },
) {
  runtime = await createRuntime({
    capabilities: { packages, grants },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    app: (request) => new Response(`app ${new URL(request.url).pathname}`),
  });
  return runtime;
}

async function call(one: LocalRuntime, body = "picture") {
  const headers = { "content-type": "image/png", authorization: "Bearer mine", cookie: "a=b" };
  const response = await one.fetch("/v1/capabilities/run?as=rectangles", { method: "POST", body, headers });
  const from = response.headers.get("daprlet-capability-source");
  return { status: response.status, from, text: await response.text(), headers: response.headers };
}

describe("sources of an offer", () => {
  it("are asked in their order, and told no more than the description names", async () => {
    asked.mockResolvedValue(new Response("remote", { headers: { "set-cookie": "x=y" } }));
    const one = await started([detector([{ remote }, { module: "main" }])]);
    const answer = await call(one);
    expect(answer).toMatchObject({ status: 200, from: "remote", text: "remote" });
    expect(answer.headers.get("content-security-policy")).toBe("sandbox; default-src 'none'");
    expect(answer.headers.get("set-cookie")).toBeNull();
    const [url, init] = asked.mock.calls[0] ?? [];
    expect(url).toBe(`${remote}/run?as=rectangles`);
    expect(init?.headers).toEqual({ "content-type": "image/png" });
    expect(init).toMatchObject({ redirect: "manual", credentials: "omit" });
  });

  it("are kept for as long as they say, each body by itself, with their age", async () => {
    asked.mockImplementation(
      async () => new Response("remote", { headers: { "cache-control": "max-age=60", age: "5" } }),
    );
    const one = await started([detector([{ remote }])]);
    expect((await call(one)).from).toBe("remote");
    await one.advance(10_000);
    const kept = await call(one);
    expect(kept).toMatchObject({ from: "remote; cached", text: "remote" });
    expect(kept.headers.get("age")).toBe("15");
    expect((await call(one, "another")).from).toBe("remote");
    expect(asked).toHaveBeenCalledTimes(2);
    await one.advance(61_000);
    expect((await call(one)).from).toBe("remote");
  });

  it.each<[string, () => Promise<Response>]>([
    ["cannot be reached", () => Promise.reject(new TypeError("fetch failed"))],
    ["fails", async () => new Response("no", { status: 503 })],
  ])("answer what they allowed to be used when one %s", async (_, behaves) => {
    const headers = { "cache-control": "max-age=60, stale-if-error=600" };
    asked.mockImplementationOnce(async () => new Response("remote", { headers }));
    const one = await started([detector([{ remote }])]);
    await call(one);
    await one.advance(61_000);
    asked.mockImplementation(behaves);
    expect(await call(one)).toMatchObject({ status: 200, from: "remote; cached", text: "remote" });
    await one.advance(600_000);
    expect((await call(one)).status).toBe(503);
  });

  it.each<[string, () => Promise<Response>]>([
    ["cannot be reached", () => Promise.reject(new TypeError("fetch failed"))],
    ["fails", async () => new Response("no", { status: 500 })],
    ["has had enough", async () => new Response("no", { status: 429 })],
    [
      "leads elsewhere",
      async () => new Response(null, { status: 302, headers: { location: "https://evil.example" } }),
    ],
    ["answers more than its limit", async () => new Response(new Uint8Array(5 << 20))],
  ])("give way where one %s, for a while", async (_, behaves) => {
    asked.mockImplementation(behaves);
    const one = await started([detector([{ remote }, { module: "main" }])]);
    expect(await call(one)).toMatchObject({ status: 200, from: "module", text: "local" });
    expect((await call(one)).from).toBe("module");
    expect(asked).toHaveBeenCalledTimes(1);
    asked.mockResolvedValue(new Response("remote"));
    await one.advance(5_001);
    expect((await call(one)).from).toBe("remote");
  });

  it("T58: give way where one is late", async () => {
    asked.mockReturnValue(new Promise(() => undefined));
    const one = await started([detector([{ remote, withinMs: 300 }, { module: "main" }])]);
    const answer = call(one);
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());
    await one.advance(300);
    expect((await answer).from).toBe("module");
  });

  it("give way from a module to a remote one as well", async () => {
    asked.mockResolvedValue(new Response("remote"));
    const one = await started([detector([{ module: "main" }, { remote }], guest({ handle: "unreachable" }))]);
    expect(await call(one)).toMatchObject({ status: 200, from: "remote", text: "remote" });
  });

  it("answer what a client did wrong themselves, also from what is kept", async () => {
    const headers = { "cache-control": "max-age=60" };
    asked.mockResolvedValue(new Response("no such picture", { status: 404, headers }));
    const one = await started([detector([{ remote }, { module: "main" }])]);
    expect(await call(one)).toMatchObject({ status: 404, from: "remote", text: "no such picture" });
    expect(await call(one)).toMatchObject({ status: 404, from: "remote; cached", text: "no such picture" });
  });

  it("are none where they were not granted: nothing leaves the sidecar", async () => {
    const one = await started([detector([{ remote }, { app: "app" }, { module: "main" }])], {});
    expect((await call(one)).from).toBe("module");
    expect(asked).not.toHaveBeenCalled();
  });

  it("may be another app", async () => {
    const one = await started([detector([{ app: "app" }])]);
    expect(await call(one)).toMatchObject({ status: 200, from: "app", text: "app /run" });
  });

  it("T59: are put in another order by the user, without a restart", async () => {
    asked.mockImplementation(async () => new Response("remote"));
    const sources = [detector([{ remote }, { module: "main" }])];
    const one = await started(sources);
    expect((await call(one)).from).toBe("remote");
    const set = one.sidecar.capabilities as PackageSet;
    await set.update(sources, new Map([["detect", { needs: "all", limits: {}, prefer: "local" }]]));
    expect((await call(one)).from).toBe("module");
  });

  it("T59: that are containers are refused by name where there are none, as in a page", async () => {
    const manifest = { name: "object-detection", offers: [{ Container: { image: "me/detect" } }] };
    const openapi = new TextEncoder().encode(JSON.stringify(run)) as Uint8Array<ArrayBuffer>;
    const clock = new FakeClock();
    const { platform } = testContext("page", clock);
    const set = new PackageSet({ confinement: inProcess(clock), platform, maxBodySize: 1 << 20 });
    const grants = new Map([["object-detection", { needs: "all", limits: {} } as const]]);
    await set.update([{ origin: "book", manifest, read: async () => openapi }], grants);
    const why = "it is offered as the container me/detect, and this host runs no containers";
    expect(set.list()).toMatchObject([
      { status: "loaded", containers: [{ image: "me/detect", status: "refused", cause: why }] },
    ]);
    const request = { method: "POST", path: "", query: "", headers: [], body: undefined };
    await expect(set.handle(request, undefined, "run")).rejects.toThrow(why);
  });
});

describe("packages that change", () => {
  const version = (text: string, changes = {}) => watPackage("detect", answering(text), changes);
  const all = new Map([["detect", { needs: "all", limits: {} } as const]]);

  it("do so under load without a failed call", async () => {
    const one = await started([version("1")]);
    const set = one.sidecar.capabilities as PackageSet;
    const answers: Promise<{ status: number; text: string }>[] = [];
    for (let i = 2; i <= 5; i += 1) {
      for (let n = 0; n < 10; n += 1) answers.push(call(one));
      const updating = set.update([version(String(i))], all);
      for (let n = 0; n < 10; n += 1) answers.push(call(one));
      await updating;
    }
    const came = await Promise.all(answers);
    expect(came.map(({ status }) => status)).toEqual(Array.from({ length: 80 }, () => 200));
    expect((await call(one)).text).toBe("5");
  });

  it("stay as they were where the new one is refused, but not where less is granted", async () => {
    const needs = { needs: { clock: true } };
    const one = await started([version("1", needs)]);
    const set = one.sidecar.capabilities as PackageSet;
    const broken = { ...version("2", needs), read: async () => new Uint8Array(8) };
    await set.update([broken], all);
    expect((await call(one)).text).toBe("1");
    expect(set.list()).toMatchObject([{ status: "loaded" }, { status: "refused" }]);
    await set.update([broken], new Map());
    expect((await call(one)).status).toBe(404);
  });

  it("keep their instances where nothing of them changed", async () => {
    const one = await started([version("1")]);
    const set = one.sidecar.capabilities as PackageSet;
    await call(one);
    await set.update([version("1"), watPackage("other", guest())], all);
    expect(set.list()).toMatchObject([{ name: "detect", measured: { instances: 1 } }, { name: "other" }]);
    await set.update([], all);
    expect((await call(one)).status).toBe(404);
  });
});
