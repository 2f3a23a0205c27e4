import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppControl } from "../api/app-control.ts";
import { type DifferenceId, expectedOn } from "../api/differences.ts";
import { componentYaml } from "../hosts/components.ts";
import { daprd, serveTestApp, startDaprd } from "../hosts/daprd.ts";
import type { HostDefinition } from "../hosts/host.ts";
import { httpFetch } from "../hosts/http-fetch.ts";
import { daprletProgram, node } from "../hosts/node.ts";

/** The contract of dapr-http-api §6 for what both have: daprd's build has `uppercase` and `ratelimit`. */
const programs: readonly (HostDefinition & { readonly program: readonly string[] })[] = [
  { ...daprd, program: ["daprd"] },
  { ...node, program: [process.execPath, daprletProgram, "daprd"] },
];

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface Pipelines {
  readonly http?: readonly string[];
  readonly app?: readonly string[];
}

/** The book's `uppercase.yaml` and `pipeline.yaml`, and what limits rates. */
async function start(program: readonly string[], pipelines: Pipelines) {
  const folder = mkdtempSync(join(tmpdir(), "daprlet-middleware-"));
  folders.push(folder);
  const component = (name: string, type: string, metadata = {}) => componentYaml({ name, type, metadata });
  mkdirSync(join(folder, "resources"));
  writeFileSync(
    join(folder, "resources", "all.yaml"),
    [
      component("uppercase", "middleware.http.uppercase"),
      component("limit", "middleware.http.ratelimit", { maxRequestsPerSecond: "2.6" }),
      component("slow", "middleware.http.ratelimit", { maxRequestsPerSecond: "0.01" }),
      component("statestore", "state.in-memory"),
      component("messagebus", "pubsub.in-memory"),
    ].join("---\n"),
  );
  const types = { uppercase: "uppercase", missing: "uppercase", limit: "ratelimit", slow: "ratelimit" };
  const handlers = (names: readonly string[]) => ({
    handlers: names.map((name) => ({
      name,
      type: `middleware.http.${types[name as keyof typeof types]}`,
    })),
  });
  const config = join(folder, "pipeline.yaml");
  const { http = [], app: inFront = [] } = pipelines;
  const spec = { httpPipeline: handlers(http), appHttpPipeline: handlers(inFront) };
  const head = { apiVersion: "dapr.io/v1alpha1", kind: "Configuration", metadata: { name: "pipeline" } };
  writeFileSync(config, JSON.stringify({ ...head, spec }));
  const served = await serveTestApp();
  const resources = join(folder, "resources");
  const options = { appId: "rust-web", resources, config, appPort: served.port, program };
  const sidecar = await startDaprd(options).catch(async (error: unknown) => {
    await served.close();
    throw error;
  });
  // Asked directly: the pipelines are in the way.
  const direct = httpFetch(served.port);
  const app = new AppControl({
    appId: sidecar.appId,
    fetch: (path, options) => direct.fetch(path.replace(/^.*\/method/, ""), options),
  });
  return {
    sidecar,
    app,
    async stop() {
      direct.close();
      await sidecar.stop();
      await served.close();
    },
  };
}

describe.each(programs)("$name", ({ missing, required, dialect, program }) => {
  if (missing !== undefined) {
    test.skipIf(!required || process.env.CI !== "true")(missing, () => expect.fail(missing));
    return;
  }
  const expected = <Id extends DifferenceId>(id: Id) => expectedOn(dialect, id);

  function running(pipelines: Pipelines) {
    let started: Awaited<ReturnType<typeof start>>;
    beforeAll(async () => {
      started = await start(program, pipelines);
    }, 60_000);
    afterAll(() => started?.stop());
    return { sidecar: () => started.sidecar, app: () => started.app };
  }

  describe("in front of the API", () => {
    const { sidecar, app } = running({ http: ["limit", "uppercase"] });
    const invoke = (path: string, options = {}) =>
      sidecar().fetch(`/v1.0/invoke/rust-web/method/${path}`, options);
    const echoed = async (path: string, body: string, options = {}) => {
      const answer = await invoke(path, { method: "POST", body, ...options });
      const { body: seen } = answer.json as { body: string };
      return Buffer.from(seen, "base64").toString();
    };

    test("metadata list them", async () => {
      const { components } = (await sidecar().fetch("/v1.0/metadata")).json as { components: unknown[] };
      expect(components).toContainEqual({
        name: "uppercase",
        type: "middleware.http.uppercase",
        version: "v1",
      });
    });

    test("T28: the book's body arrives in capitals", async () => {
      const body = '{"name":"hello","list":["a",1]}';
      expect(await echoed("echo", body)).toBe('{"NAME":"HELLO","LIST":["A",1]}');
    });

    test.each([
      ["of other alphabets", "é ß жд", "É ß ЖД", {}],
      ["that is streamed", "ab é ".repeat(500), "AB É ".repeat(500), { streamed: true }],
      ["of JSON's words", '{"a":true}', '{"A":TRUE}', {}],
    ])("a body %s", async (name, body, upper, options) => {
      expect(await echoed(`echo/${encodeURIComponent(name)}`, body, options)).toBe(upper);
    });

    test("every answer tells the limit", async () => {
      const from = { headers: { "x-forwarded-for": "10.0.0.1, 10.0.0.2" } };
      const answer = await invoke("greeting", from);
      expect(answer.status).toBe(200);
      const told = answer.fields.filter(([name]) => /^(x-rate-limit|ratelimit)-/.test(name)).sort();
      const [address] = told.filter(([name]) => name === "x-rate-limit-request-remote-addr");
      expect(told).toEqual([
        ["ratelimit-limit", "3"],
        ["ratelimit-remaining", "1"],
        ["ratelimit-reset", "1"],
        ["x-rate-limit-duration", "1"],
        ["x-rate-limit-limit", "2.60"],
        ["x-rate-limit-request-forwarded-for", "10.0.0.1, 10.0.0.2"],
        address,
      ]);
      expect(/:\d+$/.test(address?.[1] ?? "")).toBe(expected("ratelimit.remote-addr"));
    });

    /** How many of thirty calls at once were let through, and one that was not. */
    async function burst(path: string, forwarded: readonly string[]) {
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, n) =>
          invoke(path, { headers: { "x-forwarded-for": forwarded[n % forwarded.length] } }),
        ),
      );
      return {
        passed: answers.filter(({ status }) => status === 200).length,
        refused: answers.find(({ status }) => status === 429),
      };
    }

    test("beyond it: 429 in Dapr's words, and the app is not called", async () => {
      const { passed, refused } = await burst("limited", ["10.0.1.1"]);
      expect(passed).toBeGreaterThanOrEqual(2);
      expect(refused?.text).toBe("You have reached maximum request limit.");
      expect(refused?.header("content-type")).toBe("text/plain; charset=utf-8");
      expect(refused?.header("ratelimit-remaining")).toBe("0");
      const seen = await app().recorded("/limited");
      expect(seen.length).toBe(passed);
    });

    test.each([
      ["the last address that was forwarded counts", ["10.0.2.1, 10.0.2.9", "10.0.2.9"], true],
      ["an IPv6 network is one client", ["2001:db8:0:1::5", "2001:db8:0:1:f::6"], true],
      ["another IPv6 network is another", ["2001:db8:0:2::5", "2001:db8:0:3::6"], false],
    ])("%s", async (name, forwarded, one) => {
      const { passed } = await burst(`clients/${encodeURIComponent(name)}`, forwarded);
      // Two buckets hold two requests each, and each fills by 2.6 in a second.
      if (one) expect(passed).toBeLessThan(30);
      const first = await invoke(`first/${encodeURIComponent(name)}`, {
        headers: { "x-forwarded-for": forwarded[0] },
      });
      const second = await invoke(`first/${encodeURIComponent(name)}`, {
        headers: { "x-forwarded-for": forwarded[1] },
      });
      expect(first.header("ratelimit-remaining")).toBe("1");
      if (!one) expect(second.header("ratelimit-remaining")).toBe("1");
    });
  });

  describe("in front of the app", () => {
    const { sidecar, app } = running({ app: ["uppercase", "slow"] });

    test("invocations pass it, and what the API keeps does not", async () => {
      const { fetch } = sidecar();
      const answer = await fetch("/v1.0/invoke/rust-web/method/echo", { method: "POST", body: "a" });
      expect(Buffer.from((answer.json as { body: string }).body, "base64").toString()).toBe("A");
      expect(answer.header("x-rate-limit-limit")).toBe("0.01");
      expect(answer.header("ratelimit-reset")).toBe(expected("ratelimit.reset"));
      const item = [{ key: "k", value: "v" }];
      await fetch("/v1.0/state/statestore", { method: "POST", body: JSON.stringify(item) });
      const kept = await fetch("/v1.0/state/statestore/k");
      expect([kept.text, kept.header("x-rate-limit-limit")]).toEqual(['"v"', undefined]);
    });

    test("what it refuses is the app's answer", async () => {
      const call = () => sidecar().fetch("/v1.0/invoke/rust-web/method/once");
      expect([(await call()).status, (await call()).status]).toEqual([200, 429]);
    });

    test("another spelling of a path has no limit of its own", async () => {
      const call = async (path: string) =>
        (await sidecar().fetch(`/v1.0/invoke/rust-web/method/${path}`)).status;
      expect([await call("spelled"), await call("%73pelled")]).toEqual([200, 429]);
    });

    test("events pass it", async () => {
      const { fetch } = sidecar();
      const options = { method: "POST", body: '{"a":"b"}', headers: { "content-type": "application/json" } };
      expect((await fetch("/v1.0/publish/messagebus/plain", options)).status).toBe(204);
      const [event] = await app().until("/events/plain", 1);
      expect(event?.text).toContain('"DATA":{"A":"B"}');
    });
  });

  test("a pipeline that names what is not there", async () => {
    const starting = start(program, { http: ["missing", "uppercase"] });
    if (expected("middleware.missing") === "passed over") {
      const started = await starting;
      expect((await started.sidecar.fetch("/v1.0/healthz")).status).toBe(204);
      await started.stop();
    } else {
      await expect(starting).rejects.toThrow(
        /httpPipeline names middleware missing .*pipeline\.yaml, document 1/,
      );
    }
  }, 60_000);
});
