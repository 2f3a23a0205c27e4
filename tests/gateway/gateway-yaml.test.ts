import { describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { compileGateway } from "../../host/gateway/compile-gateway.ts";
import { describeGateway } from "../../host/gateway/describe.ts";
import { readGateway } from "../../host/gateway/read-gateway.ts";
import { remarksOn } from "../../host/gateway/remarks.ts";
import { needsOf, serveArguments, variantOf } from "../../host/gateway/serve-arguments.ts";
import { decodeTable, encodeTable } from "../../host/gateway/table.ts";
import { flags } from "../../host/gateway/table-shape.ts";
import { ResourceError } from "../../host/resources/fields.ts";
import { storeRow } from "./gateway-table.ts";

const head = "apiVersion: daprlet/v1alpha1\nkind: Gateway\nmetadata:\n  name: edge\nspec:\n";
const compile = (text: string) => compileGateway(readGateway([{ name: "gateway.yaml", text }], yaml));
const spec = (lines: string) => compile(head + lines);
const dapr = (kind: string, lines: string) =>
  `${head}  apps: []\n---\napiVersion: dapr.io/v1alpha1\nkind: ${kind}\nmetadata:\n  name: x\nspec:\n${lines}`;

const full = `
  region: eu
  listen: {address: 0.0.0.0, port: 8080}
  apiToken: {envRef: DAPR_API_TOKEN}
  limits: {bodySize: 8Mi, headerSize: 16Ki, timeout: 1m30s, connectTimeout: 250ms, hops: 3}
  apps:
  - id: orders
    upstreams:
    - {url: "http://10.0.0.2:8080/shop/", weight: 3, region: eu}
    - {sidecar: "http://[2001:db8::1:2]:3500", priority: 1, token: {envRef: ORDERS_TOKEN}}
    - {url: "https://orders.example", headers: [{name: X-Key, envRef: ORDERS_KEY}, {name: x-a, value: 1}]}
  - {id: _a.b, url: "http://localhost:3000"}
  sites:
  - name: cluster1
    sidecar: https://one.example
  - {name: "*", sidecar: "http://127.0.0.1:3501"}
---
apiVersion: dapr.io/v1alpha1
kind: HTTPEndpoint
metadata:
  name: github
spec:
  baseUrl: https://api.github.com/v3
  headers:
  - {name: Accept, value: text/plain}
  - {name: Authorization, envRef: GITHUB}
---
apiVersion: dapr.io/v1alpha1
kind: HTTPEndpoint
metadata:
  name: elsewhere
scopes: [another]
spec:
  baseUrl: https://elsewhere.example
`;

describe("gateway.yaml", () => {
  const table = spec(full.slice(1));

  it("becomes the gateway's table", () => {
    const { apps, sites, secrets, ...rest } = table;
    expect(rest).toMatchObject({
      appId: "edge",
      namespace: "default",
      region: "eu",
      listenAddress: "0.0.0.0",
      listenPort: 8080,
      maxBody: 8 << 20,
      maxHeaders: 16 << 10,
      timeout: 90_000,
      connectTimeout: 250,
      maxHops: 3,
      apiToken: 0,
    });
    expect(secrets.map(({ variable }) => variable)).toEqual([
      "DAPR_API_TOKEN",
      "ORDERS_KEY",
      "ORDERS_TOKEN",
      "GITHUB",
    ]);
    expect(apps.map(({ id }) => id)).toEqual(["_a.b", "github", "orders"]);
    expect(sites.map(({ id }) => id)).toEqual(["*", "cluster1"]);
    expect(apps[2]?.upstreams).toMatchObject([
      { host: "10.0.0.2", authority: "10.0.0.2:8080", port: 8080, path: "/shop", weight: 3, transport: 0 },
      {
        host: "orders.example",
        authority: "orders.example",
        port: 443,
        scheme: 1,
        transport: 1,
        headers: [
          { name: "x-key", value: "", secret: 1 },
          { name: "x-a", value: "1", secret: 0xffff },
        ],
      },
      { host: "2001:db8::1:2", authority: "[2001:db8::1:2]:3500", protocol: 1, priority: 1, token: 2 },
    ]);
    expect(apps[2]?.upstreams.map(({ address }) => [...address])).toEqual([
      [10, 0, 0, 2],
      [],
      [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2],
    ]);
    expect(apps[0]?.upstreams[0]).toMatchObject({ host: "localhost", address: Uint8Array.of(127, 0, 0, 1) });
    expect(apps[1]?.upstreams[0]?.headers).toEqual([
      { name: "accept", value: "text/plain", secret: 0xffff },
      { name: "authorization", value: "", secret: 3 },
    ]);
    expect(decodeTable(encodeTable(table))).toMatchObject(table);
  });

  it("says what metadata tell of its resources", () => {
    expect(JSON.parse(`{${table.told}"end":0}`)).toEqual({ httpEndpoints: [{ name: "github" }], end: 0 });
    const { told } = compile(
      dapr("Component", '  {type: state.wasi, version: v1, metadata: [{name: keyPrefix, value: "none"}]}'),
    );
    expect(JSON.parse(`{${told}"end":0}`)).toEqual({
      components: [
        { name: "x", type: "state.wasi", version: "v1", capabilities: ["ETAG", "TRANSACTIONAL", "TTL"] },
      ],
      end: 0,
    });
    expect(spec("  apps: []").told).toBe("");
  });

  it("says who may come in", () => {
    const { callers, hosts, origins, anyAddress, anyHost, anyOrigin } = spec(
      `  allowedHosts: [Edge.example]\n  allowedOrigins: ["https://a.example/", "null"]\n  callers:\n  - {appId: b, digest: ${"ff".repeat(64)}}\n  - {appId: a, digest: ${"0a".repeat(64)}}`,
    );
    expect(callers.map(({ appId, digest }) => [appId, digest[0]])).toEqual([
      ["a", 10],
      ["b", 255],
    ]);
    expect(hosts.map(({ text }) => text)).toEqual(["localhost", "127.0.0.1", "[::1]", "edge.example"]);
    expect(origins.map(({ text }) => text)).toEqual(["https://a.example", "null"]);
    expect([anyAddress, anyHost, anyOrigin]).toEqual([0, 0, 0]);
    expect(
      spec("  listen: {address: 0.0.0.0}\n  allowedHosts: ['*']\n  allowedOrigins: ['*']"),
    ).toMatchObject({
      anyAddress: 1,
      anyHost: 1,
      anyOrigin: 1,
      origins: [],
    });
  });

  it("says what is allowed, and how often", () => {
    const rules = "---\napiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {name: c}\nspec:\n";
    const rate = (lines: string) => spec(`  rateLimit: ${lines}`);
    expect(rate("{requestsPerSecond: 7.5}")).toMatchObject({
      rate: 7.5,
      burst: 7,
      rateBy: 2,
      rateHeader: "",
    });
    expect(rate("{requestsPerSecond: 0.5, by: all}")).toMatchObject({ rate: 0.5, burst: 1, rateBy: 1 });
    expect(rate("{requestsPerSecond: 1, burst: 9, header: X-Client}")).toMatchObject({
      burst: 9,
      rateBy: 3,
      rateHeader: "x-client",
    });
    const table = spec(
      `  apps: []\n${rules}  api: {denied: [{name: state, version: v1, protocol: http}]}\n  accessControl: {defaultAction: deny, trustDomain: td}\n`,
    );
    expect(table).toMatchObject({ access: 1, trustDomain: "td", policies: new Uint8Array(0) });
    expect(table.blocks.length).toBeGreaterThan(3);
    expect(spec("  apps: []")).toMatchObject({ access: 0, blocks: [], trustDomain: "public" });
  });

  it("takes Resiliency for apps and sites: what they name, else the defaults", () => {
    const resiliency = `---
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: {name: r}
spec:
  policies:
    timeouts: {DefaultAppTimeoutPolicy: 7s}
    retries: {few: {policy: exponential, maxInterval: 2s, maxRetries: 4, matching: {httpStatusCodes: "429,500-503"}}}
    circuitBreakers: {b: {maxRequests: 2, interval: 8s, timeout: 30s, trip: consecutiveFailures >= 5}}
  targets:
    apps:
      a: {retry: few, circuitBreaker: b}
`;
    const { apps, sites, rules } = spec(
      `  apps: [{id: a, url: "http://a"}, {id: b, url: "http://b"}]\n  sites: [{name: s, sidecar: "http://s"}]\n${resiliency}`,
    );
    expect([...apps, ...sites].map(({ policy }) => policy)).toEqual([0, 1, 1]);
    expect(rules).toMatchObject([
      {
        timeout: 0,
        retry: 2,
        interval: 2000,
        retries: 4,
        codes: [
          { first: 429, last: 429 },
          { first: 500, last: 503 },
        ],
        breakerRequests: 2,
        breakerInterval: 8000,
        breakerTimeout: 30_000,
        terms: [{ relation: 4 | (1 << 8), number: 5 }],
      },
      { timeout: 7000, retry: 0, breakerRequests: 0 },
    ]);
    expect(spec("  apps: [{id: a, url: 'http://a'}]").apps[0]?.policy).toBe(0xffff);
  });

  it("has variables as secrets, those of each caller apart", () => {
    const digest = (byte: string) => byte.repeat(64);
    const callers = `  callers: [{appId: sensor-1, digest: ${digest("aa")}}, {appId: b, digest: ${digest("bb")}}]\n`;
    const component = `---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: env}\nspec:\n  type: secretstores.local.env\n  metadata: [{name: prefix, value: SHOP_}]\n`;
    const scopes = `---\napiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {name: c}\nspec: {secrets: {scopes: [{storeName: env, defaultAccess: deny, allowedSecrets: [A]}]}}\n`;
    const table = spec(callers + component + scopes);
    expect(table.callers.map(({ variables }) => variables)).toEqual(["SENSOR_1__", "B__"]);
    expect(table.secretStores).toEqual([
      { name: "env", prefix: "SHOP_", guests: [], allowedNames: [{ text: "A" }], deniedNames: [], open: 0 },
    ]);
    expect(variantOf(needsOf(table))).toBe("http+folder");
    expect(serveArguments("e.wasm", table, ["wasi:cli/environment@0.2.12"])).toContain("inherit-env");
    const fails = (lines: string) => (reason: RegExp) => expect(() => spec(lines)).toThrow(reason);
    fails(callers.replace("appId: b", "appId: sensor_1") + component)(/would be sensor-1's as well/);
    fails(callers.replace("appId: b", "appId: sensor-1__x") + component)(/would be sensor-1's as well/);
    fails(callers + component.replace("SHOP_", "DA"))(/settings and tokens of sidecars begin/);
    fails(callers + component.replace("SHOP_", '""'))(/needs the metadata prefix/);
    fails(`  apiToken: {envRef: SHOP_T}\n${component}`)(/would hand out SHOP_T, which is the gateway's own/);
    fails(callers + scopes)(/names the store env, which the gateway does not have/);
  });

  it("keeps state in its folder, each store below it", () => {
    const store = (name: string, metadata = "") =>
      `---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: ${name}}\nspec:\n  type: state.wasi\n  metadata: [${metadata}]\n`;
    const kept = spec(
      `  folder: data\n${store("a")}${store("b", "{name: keyPrefix, value: none}, {name: folder, value: c}")}`,
    );
    expect(kept.stores).toEqual([storeRow("a"), storeRow("b", { folder: "c", isApps: 0 })]);
    expect(variantOf(needsOf(kept))).toBe("http+folder");
    expect(serveArguments("e.wasm", kept, ["wasi:filesystem/types@0.2.12"]).join(" ")).toContain(
      "--dir data::/",
    );
    expect(() => spec(`  apps: []\n${store("a", "{name: folder, value: ../x}")}`)).toThrow(
      /needs a folder of letters/,
    );
    expect(() => spec(`  apps: []\n${store("a")}${store("b", "{name: folder, value: a}")}`)).toThrow(
      /another component's/,
    );
    expect(() => spec(`  apps: []\n${store("a", "{name: disk, value: x}")}`)).toThrow(
      /takes folder and keyPrefix/,
    );
  });

  it("publishes through sidecars: one of its apps, or one that the component names", () => {
    const pubsub = (...metadata: string[]) =>
      `---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: p}\nspec:\n  type: pubsub.dapr\n  metadata: [${metadata.join(", ")}]\n`;
    const url = '{name: url, value: "http://10.0.0.7:3500"}';
    const own = spec(
      `  apps: []\n${pubsub(url, "{name: component, value: there}", "{name: token, envRef: T}")}`,
    );
    expect(own.pubsubs).toEqual([
      { name: "p", component: "there", remote: 0, spoolBytes: 0, spoolEvents: 0 },
    ]);
    expect(own.folder).toBe("");
    expect(own.remotes[0]?.upstreams[0]).toMatchObject({
      host: "10.0.0.7",
      port: 3500,
      protocol: 1,
      token: 0,
    });
    const apps = '  apps: [{id: s, sidecar: "http://a"}, {id: plain, url: "http://b"}]\n';
    expect(spec(apps + pubsub("{name: app, value: s}")).remotes[0]?.id).toBe("s");
    const fails = (lines: string) => (reason: RegExp) => expect(() => spec(lines)).toThrow(reason);
    fails(`  apps: []\n${pubsub()}`)(/needs url/);
    fails(apps + pubsub(url, "{name: app, value: s}"))(/url and app/);
    fails(apps + pubsub("{name: app, value: none}"))(/is not among the gateway's/);
    fails(apps + pubsub("{name: app, value: plain}"))(/without the sidecar/);
    fails(`  apps: []\n${pubsub(url, "{name: token, value: abc}")}`)(/give it by envRef/);
    const kept = spec(`  apps: []\n${pubsub(url, "{name: spool, value: 8Mi}")}`);
    expect(kept.pubsubs[0]).toMatchObject({ spoolBytes: 8 << 20, spoolEvents: 100_000 });
    expect([kept.flags, kept.folder, variantOf(needsOf(kept))]).toEqual([
      flags.spool,
      "state",
      "http+sockets+folder",
    ]);
    expect(describeGateway(kept)).toContain(
      "pubsubs   p (keeps 100000 events, 8 MiB, while its sidecar is away), in the folder state",
    );
    fails(`  apps: []\n${pubsub(url, "{name: spool, value: much}")}`)(/needs spool to be a size/);
    fails(`  apps: []\n${pubsub(url, "{name: spoolEvents, value: '5'}")}`)(/spoolEvents without spool/);
    fails(`  apps: []\n${pubsub(url, "{name: spool, value: 8Mi}", "{name: spoolEvents, value: '0'}")}`)(
      /needs spoolEvents to be a whole number/,
    );
  });

  it("has stores of sidecars, by whose names its keys are kept apart, and policies for them", () => {
    const component = (name: string, type: string, metadata: string) =>
      `---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: ${name}}\nspec:\n  type: ${type}\n  metadata: [${metadata}]\n`;
    const apps =
      '  apps: [{id: s, upstreams: [{sidecar: "http://a"}, {sidecar: "http://b", priority: 1}]}, {id: t, url: "http://c"}]\n';
    const app = "{name: app, value: s}";
    const own = spec(
      apps +
        component("state", "state.dapr", `${app}, {name: component, value: there}`) +
        component("other", "state.dapr", `${app}, {name: keyPrefix, value: none}`) +
        component("events", "pubsub.dapr", app),
    );
    expect(own.stores).toEqual([
      storeRow("state", { folder: "", component: "there", remote: 0 }),
      storeRow("other", { folder: "", component: "other", remote: 0, isApps: 0 }),
    ]);
    expect(own.remotes.map(({ id, upstreams }) => [id, upstreams.length])).toEqual([["s", 2]]);
    expect([own.folder, variantOf(needsOf(own))]).toEqual(["", "http+sockets+folder"]);
    expect(describeGateway(own)).toContain("stores    state, other, of other sidecars");

    const resiliency = (target: string) =>
      `---\napiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {name: r}\nspec:\n  policies: {timeouts: {a: 1s, c: 2s, DefaultComponentTimeoutPolicy: 3s}}\n  targets: {apps: {s: {timeout: a}}, components: {${target}}}\n`;
    const url = '{name: url, value: "http://d"}';
    const held = spec(
      apps +
        component("state", "state.dapr", app) +
        component("other", "state.dapr", app) +
        component("third", "state.dapr", url) +
        resiliency("other: {outbound: {timeout: c}}"),
    );
    const timeouts = held.stores.map(({ remote }) => held.rules[held.remotes[remote]?.policy ?? 0]?.timeout);
    expect(timeouts).toEqual([1000, 2000, 3000]);
    expect(() =>
      spec(`${apps}${component("kept", "state.wasi", "")}${resiliency("kept: {outbound: {timeout: c}}")}`),
    ).toThrow(/names kept, which is no component of another sidecar/);
    expect(() => spec(apps + component("state", "state.dapr", `${app}, {name: folder, value: x}`))).toThrow(
      /takes url or app, token, keyPrefix and component/,
    );
  });

  it("tells the counters of each instance, or those of all", () => {
    expect(spec("  metrics: true").flags).toBe(flags.metrics);
    const merged = spec("  metrics: merged");
    expect([merged.flags, merged.folder, variantOf(needsOf(merged))]).toEqual([
      flags.metrics | flags.merged,
      "state",
      "http+folder",
    ]);
    expect(describeGateway(merged)).toContain("tells     counters at /metrics, of all instances");
    expect(() => spec("  metrics: all")).toThrow(/metrics must be true, false or merged/);
  });

  it("has routes, the longest first", () => {
    const { routes } = spec(
      `  apps: [{id: a, url: "http://a"}]\n  sites: [{name: s, sidecar: "http://s"}]\n  routes: [{path: /, app: a}, {path: /x/y/, app: b.s, stripPath: true}]`,
    );
    expect(routes).toEqual([
      { path: "x/y", app: "b.s", strip: 1 },
      { path: "", app: "a", strip: 0 },
    ]);
  });

  it("is shown without secrets and values", () => {
    const lines = describeGateway(table).join("\n");
    expect(lines).toContain("callers   with the API token that is in DAPR_API_TOKEN");
    expect(lines).toMatch(/orders {2}http:\/\/10\.0\.0\.2:8080\/shop \(weight 3, region eu\)/);
    expect(lines).toContain("sidecar, priority 1, token from ORDERS_TOKEN");
    expect(lines).toContain("sets x-key from ORDERS_KEY, sets x-a");
    expect(lines).not.toContain("text/plain");
  });

  it("warns of what others could read, and of what nobody guards", () => {
    const said = (lines: string) => remarksOn(spec(lines)).join("; ");
    expect(remarksOn(table)).toEqual([
      "orders: http://[2001:db8::1:2]:3500 is sent what is in ORDERS_TOKEN in clear text, for anybody on the way to read; use https://",
    ]);
    expect(said("  listen: {address: 0.0.0.0}")).toMatch(
      /anybody who reaches 0\.0\.0\.0 may call it; set spec\.apiToken/,
    );
    expect(said("  apps: [{id: a, sidecar: 'http://localhost', token: {envRef: T}}]")).toBe("");
    expect(
      said("  apps: [{id: a, url: 'https://a', headers: [{name: Authorization, value: Bearer abc}]}]"),
    ).toBe("a: the value of authorization stands in the file, for anybody who has it; use envRef");
  });

  it("tells wasmtime to allow what is used, and nothing else", () => {
    const chosen = (lines: string) => variantOf(needsOf(spec(lines)));
    expect(chosen("  apps: [{id: a, url: 'https://a'}]")).toBe("http");
    expect(chosen("  apps: [{id: a, url: 'http://a', transport: outgoing}]")).toBe("http");
    expect(chosen("  apps: [{id: a, url: 'http://a'}]")).toBe("http+sockets");
    expect(chosen("  apiToken: {envRef: T}\n  apps: [{id: a, url: 'https://a'}]")).toBe("http+folder");
    expect(chosen("  apiToken: {envRef: T}\n  apps: [{id: a, url: 'http://a'}]")).toBe("http+sockets");
    const http = ["wasi:http/types@0.2.12", "wasi:io/poll@0.2.12"];
    const plain = spec("  listen: {address: '::1'}\n  limits: {timeout: 0s}");
    expect(serveArguments("e.wasm", plain, http).join(" ")).toBe(
      "serve --addr [::1]:3500 --max-instance-reuse-count 10000 --idle-instance-timeout 5s -O pooling-allocator=y e.wasm",
    );
    const all = serveArguments("e.wasm", table, [...http, "wasi:sockets/tcp@0.2.12"], { port: 0 }).join(" ");
    expect(all).toContain("--addr 0.0.0.0:0 ");
    expect(all).toContain("-S cli -S inherit-network,tcp,allow-ip-name-lookup --env DAPR_API_TOKEN");
  });

  it.each([
    [
      "another version",
      "apiVersion: v2\nkind: Gateway\nmetadata: {name: a}\nspec: {}",
      1,
      "apiVersion must be",
    ],
    ["no name", "apiVersion: daprlet/v1alpha1\nkind: Gateway\nmetadata: {}\nspec: {}", 3, "metadata.name"],
    ["a field it has not", `${head}  aps: []`, 6, "spec.aps is not known here; expected region"],
    [
      "one of an upstream",
      `${head}  apps:\n  - id: a\n    upstreams:\n    - url: http://a\n      wieght: 2`,
      10,
      "spec.apps.0.upstreams.0.wieght",
    ],
    ["an app without a place", `${head}  apps:\n  - id: a`, 7, "spec.apps.0.url or sidecar is required"],
    ["two in one", `${head}  apps:\n  - {id: a, url: "http://a", sidecar: "http://b"}`, 7, "and not both"],
    ["none in a list", `${head}  apps:\n  - {id: a, upstreams: []}`, 7, "spec.apps.0.upstreams must name"],
    ["an id that no path has", `${head}  apps:\n  - {id: a/b, url: "http://a"}`, 7, "spec.apps.0.id"],
    [
      "an id twice",
      `${head}  apps:\n  - {id: a, url: "http://a"}\n  - {id: a, url: "http://b"}`,
      8,
      "repeats a",
    ],
    [
      "a URL with a query",
      `${head}  apps:\n  - {id: a, url: "http://a/?b"}`,
      7,
      "spec.apps.0.url must be http",
    ],
    [
      "a URL with a password",
      `${head}  apps:\n  - {id: a, url: "http://u:p@a/"}`,
      7,
      "spec.apps.0.url must be http",
    ],
    [
      "TLS over sockets",
      `${head}  apps:\n  - {id: a, url: "https://a", transport: sockets}`,
      7,
      "must be outgoing",
    ],
    ["a token in the file", `${head}  apiToken: secret`, 6, "a secret stands in the environment"],
    [
      "a token of an app",
      `${head}  apps:\n  - {id: a, url: "http://a", token: {envRef: T}}`,
      7,
      "is of a sidecar",
    ],
    [
      "a header of the hop",
      `${head}  apps:\n  - {id: a, url: "http://a", headers: [{name: Host, value: a}]}`,
      7,
      "is no header that can be set",
    ],
    [
      "a header that breaks lines",
      `${head}  apps:\n  - {id: a, url: "http://a", headers: [{name: b, value: "a\\r\\nb"}]}`,
      7,
      "cannot be sent",
    ],
    ["a site that is an app", `${head}  sites:\n  - {name: a, url: "http://a"}`, 7, "use sidecar"],
    ["a size", `${head}  limits: {bodySize: big}`, 6, "must be a size such as 4Mi"],
    ["a duration", `${head}  limits: {timeout: soon}`, 6, "must be a duration such as 30s"],
    ["a port", `${head}  listen: {port: 70000}`, 6, "must be a whole number from 1 to 65535"],
    ["a name to listen on", `${head}  listen: {address: localhost}`, 6, "must be an IP address"],
    [
      "a second gateway",
      `${head}  apps: []\n---\n${head}  apps: []`,
      undefined,
      "a second document of kind: Gateway",
    ],
    [
      "no gateway",
      "apiVersion: dapr.io/v1alpha1\nkind: Resiliencies\nmetadata: {name: a}",
      undefined,
      "no document of kind: Gateway",
    ],
    [
      "what is nobody's",
      `${head}  apps: []\n---\napiVersion: v1\nkind: Secret`,
      8,
      "neither daprlet/v1alpha1 nor one of dapr.io",
    ],
    [
      "a kind of Dapr's that it has no use for",
      dapr("Subscription", "  topic: a"),
      9,
      "kind is Subscription, and a gateway has no app",
    ],
    ["one that nobody knows", dapr("Workflow", "  a: b"), undefined, "a gateway has no use for Workflow x"],
    [
      "middleware",
      dapr("Configuration", "  httpPipeline: {handlers: [{name: a, type: middleware.http.b}]}"),
      13,
      "the pipeline names a (middleware.http.b/v1), which is no component of the gateway",
    ],
    [
      "middleware of an app",
      dapr("Configuration", "  appHttpPipeline: {handlers: []}"),
      13,
      "spec.appHttpPipeline stands in front of a sidecar's own app",
    ],
    [
      "spans",
      dapr("Configuration", "  tracing: {samplingRate: '1'}"),
      13,
      "spec.tracing is what a sidecar tells",
    ],
    ["mTLS", dapr("Configuration", "  mtls: {enabled: true}"), 13, "spec.mtls is not for a gateway"],
    [
      "a misspelt section",
      dapr("Configuration", "  tracings: {}"),
      13,
      "spec.tracings is no field of a Configuration",
    ],
    [
      "certificates",
      dapr("HTTPEndpoint", "  baseUrl: https://a\n  clientTLS: {renegotiation: Never}"),
      14,
      "spec.clientTLS cannot be used",
    ],
    [
      "a secret of a store",
      dapr("HTTPEndpoint", "  baseUrl: https://a\n  headers: [{name: a, secretKeyRef: {name: b}}]"),
      undefined,
      "use envRef",
    ],
    [
      "a component",
      dapr("Component", "  type: state.redis"),
      undefined,
      "component x is state.redis, which a gateway does not have: it has state.wasi, state.dapr, pubsub.dapr and secretstores.local.env, and what its packages offer",
    ],
    [
      "an endpoint that is an app, too",
      `${head}  apps: [{id: x, url: "http://a"}]\n---\napiVersion: dapr.io/v1alpha1\nkind: HTTPEndpoint\nmetadata: {name: x}\nspec: {baseUrl: "http://b"}`,
      undefined,
      "x is defined twice; the other is gateway.yaml, document 1, line 6",
    ],
    [
      "a digest that is none",
      `${head}  callers: [{appId: a, digest: abc}]`,
      6,
      "spec.callers.0.digest must be the BLAKE2b-512",
    ],
    [
      "a digest twice",
      `${head}  callers: [{appId: a, digest: ${"ab".repeat(64)}}, {appId: b, digest: ${"AB".repeat(64)}}]`,
      6,
      "spec.callers.1.digest is another caller's",
    ],
    [
      "an origin with a path",
      `${head}  allowedOrigins: ["https://a/b"]`,
      6,
      "spec.allowedOrigins.0 must be an origin",
    ],
    ["a rate of none", `${head}  rateLimit: {requestsPerSecond: 0}`, 6, "must be a number greater than 0"],
    [
      "a burst that lets nothing pass",
      `${head}  rateLimit: {requestsPerSecond: 5, burst: 0.5}`,
      6,
      "spec.rateLimit.burst must be 1 at least",
    ],
    [
      "a rate by a header without one",
      `${head}  rateLimit: {requestsPerSecond: 5, by: header}`,
      6,
      "goes with by: header",
    ],
    [
      "letters that access control cannot tell",
      dapr(
        "Configuration",
        "  accessControl: {policies: [{appId: a, namespace: b, operations: [{name: /ä, action: deny}]}]}",
      ),
      undefined,
      "operations.0.name has letters beyond ASCII",
    ],
    [
      "policies for components",
      dapr("Resiliency", "  targets: {components: {s: {inbound: {timeout: a}}}}"),
      13,
      "spec.targets.components.s.inbound is not a gateway's",
    ],
    [
      "a condition in another language",
      dapr(
        "Resiliency",
        "  policies: {circuitBreakers: {b: {trip: 'requests > 1 || totalFailures > 2'}}}\n  targets: {apps: {x: {circuitBreaker: b}}}\n---\napiVersion: dapr.io/v1alpha1\nkind: HTTPEndpoint\nmetadata: {name: x}\nspec: {baseUrl: 'http://x'}",
      ),
      13,
      "needs the rule language (CEL)",
    ],
    [
      "a policy that nobody has",
      dapr("Resiliency", "  targets: {apps: {x: {retry: none}}}"),
      13,
      "names none, which spec.policies.retries does not have",
    ],
    [
      "a route with an escape",
      `${head}  routes: [{path: /a%20b, app: a}]`,
      6,
      "spec.routes.0.path must be a path such as /shop",
    ],
    [
      "a route that is Dapr's",
      `${head}  routes: [{path: /v1.0/state, app: a}]`,
      6,
      "spec.routes.0.path is Dapr's",
    ],
    [
      "a route twice",
      `${head}  routes: [{path: /a, app: a}, {path: /a/, app: b}]`,
      6,
      "spec.routes.1.path is there twice",
    ],
    [
      "a route to nobody",
      `${head}  routes: [{path: /a, app: a}]`,
      6,
      "the app a is neither under apps nor of a site",
    ],
  ])("refuses %s, and says where it stands", (_, text, line, message) => {
    let caught: unknown;
    try {
      compile(text);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ResourceError);
    expect((caught as Error).message).toContain(message);
    expect((caught as Error).message).toMatch(/^gateway\.yaml/);
    if (line !== undefined) expect((caught as Error).message).toContain(`line ${line}:`);
  });
});
