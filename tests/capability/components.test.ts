import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import type { PackageSet } from "../../host/capability/package-set.ts";
import type { PackageSource } from "../../host/capability/package-source.ts";
import { packagesIn } from "../../host/node/capability/package-folders.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { guest, run, saying, watPackage } from "./wat-package.ts";

const built = (name: string) => resolve(import.meta.dirname, "../../dist/capabilities", name);

let runtime: LocalRuntime | undefined;
const warned: string[] = [];
beforeEach(() => {
  warned.length = 0;
});
afterEach(() => runtime?.stop(0));

const component = (name: string, type: string, metadata: Readonly<Record<string, string>> = {}) => `
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: ${name} }
spec:
  type: ${type}
  version: v1
  metadata: ${JSON.stringify(Object.entries(metadata).map(([field, value]) => ({ name: field, value })))}
---`;

const pipeline = (name: string, type: string) => `
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: { name: config }
spec: { httpPipeline: { handlers: [{ name: ${name}, type: ${type} }] } }`;

const answer = (...pairs: readonly string[]) =>
  encodeMessage({
    kind: messageKind.answer,
    fields: pairs.flatMap((name, i) => (i % 2 === 0 ? [textField(name, pairs[i + 1] as string)] : [])),
  });

const offering = (type: string, wat: string, changes: object = {}): PackageSource =>
  watPackage("offerer", wat, { offers: [{ kind: "component", type, ...changes }] });

async function started(components: string, packages: readonly PackageSource[]) {
  runtime = await createRuntime({
    components,
    capabilities: {
      packages,
      grants: { offerer: "all", compress: "all", encrypt: "all", "lru-cache": "all" },
    },
    log: { debug() {}, info() {}, warn: (sentence) => warned.push(sentence), error() {} },
  });
  return runtime;
}

describe("a component that a package offers", () => {
  it("is a state store, told as any other", async () => {
    const { sources } = await packagesIn([built("compress")]);
    const yaml =
      component("statestore", "state.in-memory") +
      component("archive", "state.compress", { store: "statestore" });
    const one = await started(yaml, sources);
    const saved = await one.fetch("/v1.0/state/archive", {
      method: "POST",
      body: '[{"key":"k","value":{"a":[1,2]}}]',
    });
    expect(saved.status).toBe(204);
    expect(await (await one.fetch("/v1.0/state/archive/k")).text()).toBe('{"a":[1,2]}');
    const { components } = (await (await one.fetch("/v1.0/metadata")).json()) as { components: object[] };
    expect(components).toContainEqual({
      name: "archive",
      type: "state.compress",
      version: "v1",
      capabilities: ["ETAG", "TTL", "TRANSACTIONAL", "DURABILITY", "QUERY_API"],
    });
  });

  it("is told to keep things as long as the store that it keeps them in, and no longer than its instance without one", async () => {
    const { sources } = await packagesIn([built("compress"), built("lru-cache")]);
    const place = await mkdtemp(join(tmpdir(), "daprlet-durable-"));
    const yaml = (inner: string) =>
      inner +
      component("archive", "state.compress", { actorStateStore: "false" }) +
      component("cache", "state.lru", { outboxPublishPubsub: "events", outboxPublishTopic: "t" });
    const told = async (inner: string) => {
      const one = await started(yaml(inner), sources);
      const { extended } = (await (await one.fetch("/v1.0/metadata")).json()) as {
        extended: Record<string, string>;
      };
      await one.stop(0);
      return [extended["storage.archive"], extended["storage.cache"]];
    };
    const connectionString = join(place, "state.db");
    expect(await told(component("statestore", "state.sqlite", { connectionString }))).toEqual([
      "persistent",
      "memory",
    ]);
    expect(await told(component("statestore", "state.in-memory"))).toEqual(["memory", "memory"]);
    // Kept in itself.
    expect(await told(component("statestore", "state.compress", { store: "statestore" }))).toEqual([
      "memory",
      "memory",
    ]);
    expect(warned.filter((sentence) => sentence.includes("DURABILITY"))).toEqual(
      Array(3).fill(
        expect.stringMatching(
          /^component cache: outboxPublishTopic: a package keeps state\.lru in its memory/,
        ),
      ),
    );
    await rm(place, { recursive: true });
  });

  it("answers queries, whose items its package tells page by page", async () => {
    const { sources } = await packagesIn([built("lru-cache")]);
    const yaml = component("cache", "state.lru", { queryScan: "true" });
    const one = await started(yaml, sources);
    const filler = "x".repeat(400_000);
    for (const n of [1, 2, 3, 4, 5, 6]) {
      const body = JSON.stringify([{ key: `k${n}`, value: { n, filler } }]);
      expect((await one.fetch("/v1.0/state/cache", { method: "POST", body })).status).toBe(204);
    }
    const asked = { filter: { GT: { n: 2 } }, sort: [{ key: "n", order: "DESC" }], page: { limit: 3 } };
    const answered = await one.fetch("/v1.0-alpha1/state/cache/query", {
      method: "POST",
      body: JSON.stringify(asked),
    });
    const { results, token } = (await answered.json()) as { results: { key: string }[]; token?: string };
    expect([results.map(({ key }) => key), typeof token]).toEqual([["k6", "k5", "k4"], "string"]);
  });

  it.each(["compress", "encrypt"])(
    "answers queries of what %s keeps in another store, and of nothing else",
    async (name) => {
      const { sources } = await packagesIn([built(name)]);
      const key = Buffer.alloc(32, 7).toString("base64");
      const yaml = (inner: Readonly<Record<string, string>>) =>
        component("statestore", "state.in-memory", inner) +
        component("wrapping", `state.${name}`, { store: "statestore", queryScan: "true", key });
      const one = await started(yaml({ queryScan: "true" }), sources);
      const save = (store: string, n: number) =>
        one.fetch(`/v1.0/state/${store}`, {
          method: "POST",
          body: JSON.stringify([{ key: `k${n}`, value: { n } }]),
        });
      const query = async (store: string, token?: string) => {
        const body = JSON.stringify({ sort: [{ key: "n", order: "DESC" }], page: { limit: 600, token } });
        return await one.fetch(`/v1.0-alpha1/state/${store}/query`, { method: "POST", body });
      };
      await Promise.all([...Array(700).keys()].map((n) => save("wrapping", n)));
      await save("statestore", 1000);
      const { results, token } = (await (await query("wrapping")).json()) as {
        results: object[];
        token: string;
      };
      expect(results).toHaveLength(600);
      expect(results[0]).toEqual({ key: "k699", data: { n: 699 }, etag: expect.any(String) });
      const rest = (await (await query("wrapping", token)).json()) as { results: object[]; token?: string };
      expect([rest.results.length, rest.token, rest.results.at(-1)]).toMatchObject([
        100,
        undefined,
        { key: "k0" },
      ]);

      await one.stop(0);
      const other = await started(yaml({}), sources);
      await other.fetch("/v1.0/state/wrapping", { method: "POST", body: '[{"key":"k","value":1}]' });
      const refused = await other.fetch("/v1.0-alpha1/state/wrapping/query", { method: "POST", body: "{}" });
      expect([refused.status, await refused.text()]).toEqual([
        500,
        expect.stringContaining("metadata field queryIndexes of component statestore, or allow"),
      ]);
    },
  );

  it.each([
    ["tells the same for ever", ["more", "true", ":item", "k", ":body", "1"], "in too many answers"],
    ["says that there is more, and nothing", ["more", "true"], "with more to come, and nothing yet"],
  ])("refuses a query where its package %s", async (_, scan, says) => {
    const type = "state.endless";
    const one = await started(component("endless", type, { queryScan: "true" }), [
      offering(type, saying(answer(":status", "200", ...scan)), { features: ["QUERY_API"] }),
    ]);
    const answered = await one.fetch("/v1.0-alpha1/state/endless/query", { method: "POST", body: "{}" });
    expect([answered.status, await answered.text()]).toEqual([500, expect.stringContaining(says)]);
  });

  it("is a middleware in front of the API", async () => {
    const { sources } = await packagesIn([built("json-schema")]);
    const type = "middleware.http.jsonschema";
    const yaml =
      component("statestore", "state.in-memory") +
      component("schema", type, { schema: '{"type":"array","maxItems":1}' }) +
      pipeline("schema", type);
    const one = await started(yaml, sources);
    const save = (body: string) => one.fetch("/v1.0/state/statestore", { method: "POST", body });
    expect((await save('[{"key":"k","value":1}]')).status).toBe(204);
    const refused = await save('[{"key":"k","value":1},{"key":"l","value":1}]');
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { errorCode: "ERR_MALFORMED_REQUEST" },
    ]);
    expect(await (await one.fetch("/v1.0/state/statestore/k")).text()).toBe("1");
  });

  it("changes what goes on, as a middleware, but for what frames it", async () => {
    const type = "middleware.http.stamp";
    const say = answer(
      ":next",
      "true",
      "metadata.ttlInSeconds",
      "1",
      "content-length",
      "9",
      ":body",
      '[{"key":"k","value":"stamped"}]',
    );
    const yaml =
      component("statestore", "state.in-memory") + component("stamp", type) + pipeline("stamp", type);
    const one = await started(yaml, [offering(type, saying(say))]);
    expect((await one.fetch("/v1.0/state/statestore", { method: "POST", body: "[]" })).status).toBe(204);
  });

  it("asks for no calls, as a middleware", async () => {
    const type = "middleware.http.caller";
    const calls = encodeMessage({ kind: messageKind.calls, fields: [textField(":call", "state.get")] });
    const yaml =
      component("statestore", "state.in-memory") + component("caller", type) + pipeline("caller", type);
    const one = await started(yaml, [offering(type, saying(calls, { resume: "unreachable" }))]);
    const response = await one.fetch("/v1.0/state/statestore/k");
    expect([response.status, await response.text()]).toEqual([
      500,
      expect.stringContaining("more than 0 calls"),
    ]);
  });

  it("is an output binding", async () => {
    const say = answer(":body", '{"sent":true}', "metadata.id", "7");
    const one = await started(component("out", "bindings.mail"), [
      offering("bindings.mail", saying(say), { operations: ["send"] }),
    ]);
    const invoke = (operation: string) =>
      one.fetch("/v1.0/bindings/out", { method: "POST", body: JSON.stringify({ operation, data: 1 }) });
    const response = await invoke("send");
    expect([response.status, await response.json(), response.headers.get("metadata.id")]).toEqual([
      200,
      { sent: true },
      "7",
    ]);
  });

  it("is a secret store, which tells nothing of what it says wrongly", async () => {
    const say = answer(":body", '{"password":"s3cret"}');
    const one = await started(component("vault", "secretstores.box"), [
      offering("secretstores.box", saying(say)),
    ]);
    expect(await (await one.fetch("/v1.0/secrets/vault/db")).json()).toEqual({ password: "s3cret" });
    const bulk = await one.fetch("/v1.0/secrets/vault/bulk");
    expect([bulk.status, await bulk.text()]).toEqual([500, expect.not.stringContaining("s3cret")]);
  });

  it("opens when its package comes, is opened anew when the offer is another one, and fails no call meanwhile", async () => {
    const resource = component("echo", "bindings.echo").replace(
      "version: v1\n",
      "version: v1\n  ignoreErrors: true\n",
    );
    const one = await started(resource, []);
    const set = one.sidecar.capabilities as PackageSet;
    const become = (version: string, operations: readonly string[]) => {
      const said = saying(answer(":status", "200", ":body", `"${version}"`));
      return set.update([offering("bindings.echo", said, { operations })], new Map());
    };
    const invoke = async (operation: string) => {
      const body = JSON.stringify({ operation });
      const response = await one.fetch("/v1.0/bindings/echo", { method: "POST", body });
      return `${response.status} ${await response.text()}`;
    };
    const patient = { timeout: 10_000 };

    expect(await invoke("get")).toContain("output binding echo");
    await become("1", ["get"]);
    await expect.poll(() => invoke("get"), patient).toBe('200 "1"');
    const open = () => one.sidecar.components.bindings.get("echo")?.component;
    const first = open();
    await become("2", ["get"]);
    await expect.poll(() => invoke("get"), patient).toBe('200 "2"');
    expect(open()).toBe(first);
    expect(await invoke("put")).toMatch(/^[45]00 /);

    const answers: string[] = [];
    let calling = true;
    const load = (async () => {
      while (calling) answers.push(await invoke("get"));
    })();
    await become("3", ["get", "put"]);
    await expect.poll(() => invoke("put"), patient).toBe('200 "3"');
    expect(open()).not.toBe(first);
    await expect.poll(() => answers.at(-1), patient).toBe('200 "3"');
    calling = false;
    await load;
    expect(new Set(answers)).toEqual(new Set(['200 "2"', '200 "3"']));
  });

  it("keeps its package where that is taken away, or offers it no more, until it is closed", async () => {
    const offerer = (text: string, type = "bindings.echo") =>
      offering(type, saying(answer(":body", `"${text}"`)), { operations: ["get"] });
    const one = await started(component("echo", "bindings.echo"), [offerer("1")]);
    const set = one.sidecar.capabilities as PackageSet;
    const invoke = async () =>
      await (await one.fetch("/v1.0/bindings/echo", { method: "POST", body: '{"operation":"get"}' })).text();
    const cause =
      "component echo (bindings.echo) is open, whose type nothing else offers: take the component away first";
    const stays = [
      { name: "offerer", status: "loaded" },
      { name: "offerer", status: "refused", cause },
    ];

    for (const others of [[], [offerer("2", "bindings.other")]]) {
      await set.update(others, new Map());
      expect([await invoke(), set.list()]).toMatchObject(['"1"', stays]);
    }
    // Somebody else may offer it by then.
    const heir = { ...offerer("3"), manifest: { ...(offerer("3").manifest as object), name: "heir" } };
    await set.update([heir], new Map());
    await expect.poll(() => invoke(), { timeout: 10_000 }).toBe('"3"');
    expect(set.list()).toMatchObject([{ name: "heir", status: "loaded" }]);

    await set.update([], new Map());
    expect(set.list()).toMatchObject([{ name: "heir" }, { name: "heir", cause }]);
    await one.update({ ...one.sidecar.resources, components: [] });
    await expect.poll(() => set.list(), { timeout: 10_000 }).toEqual([]);
  });

  it("is warned of where two packages offer one path, or one function", async () => {
    const both = [
      { kind: "http", openapi: run },
      { kind: "function", name: "f" },
    ];
    runtime = await createRuntime({
      capabilities: {
        packages: ["first", "second"].map((name) => watPackage(name, guest(), { offers: both })),
      },
      log: { debug() {}, info() {}, warn: (sentence) => warned.push(sentence), error() {} },
    });
    expect(warned).toEqual([
      "capabilities first and second both offer POST /run: first answers; /v1.0/capabilities/second/… is answered by second",
      "capabilities first and second both offer function f: first answers; give one of them another name",
    ]);
  });

  it.each([
    ["state.in-memory", "which is daprlet's own"],
    ["state.sqlite", "which is daprlet's own"],
    ["state.twice", "which another package does as well"],
  ])("of type %s takes nobody's place", async (type, cause) => {
    const first = watPackage("first", guest(), { offers: [{ kind: "component", type: "state.twice" }] });
    const one = await started(component("statestore", "state.in-memory"), [first, offering(type, guest())]);
    const { capabilities } = (await (await one.fetch("/v1.0/capabilities")).json()) as {
      capabilities: { cause?: string }[];
    };
    expect(capabilities.at(-1)?.cause).toContain(cause);
  });
});
