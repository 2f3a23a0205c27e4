import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { componentFromObject } from "./component-from-object.ts";
import { ResourceError } from "./fields.ts";
import { parseResources } from "./parse-resources.ts";
import type { ResiliencyResource } from "./resiliency.ts";
import { joinResources } from "./resources.ts";

import { mayRead } from "./secret-scope.ts";

const parse = (text: string, environment?: (name: string) => string | undefined) =>
  parseResources(text, "components/a.yaml", yaml, environment);
const one = (text: string, environment?: (name: string) => string | undefined) => {
  const { components } = parse(text, environment);
  expect(components).toHaveLength(1);
  return components[0] as (typeof components)[number];
};
const component = (spec: string, head = "  name: statestore") =>
  `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n${head}\nspec:\n${spec}\n`;

describe("Component resources", () => {
  it("reads the form that the book prints: no version, an empty value", () => {
    const found = one(
      component(
        '  type: state.redis\n  metadata:\n  - name: redisHost\n    value: localhost:6379\n  - name: redisPassword\n    value: ""',
      ),
    );
    expect(found).toMatchObject({ name: "statestore", type: "state.redis", version: "v1", scopes: [] });
    expect([...found.metadata]).toEqual([
      ["redisHost", "localhost:6379"],
      ["redisPassword", ""],
    ]);
    expect(found.origin).toBe("components/a.yaml, document 1");
  });

  it("reads every scalar as text, and the rest as its JSON", () => {
    const found = one(
      component(
        "  type: a.b\n  metadata:\n  - {name: n, value: 5}\n  - {name: t, value: true}\n  - {name: f, value: 1.5}\n  - {name: z, value: null}\n  - {name: l, value: [1, two]}\n  - {name: m, value: {a: 1}}",
      ),
    );
    expect(Object.fromEntries(found.metadata)).toEqual({
      n: "5",
      t: "true",
      f: "1.5",
      z: "",
      l: '[1,"two"]',
      m: '{"a":1}',
    });
  });

  it("takes members in any case, and a number for a name, as Dapr does", () => {
    const text =
      "ApiVersion: dapr.io/v1alpha1\nKIND: Component\nMetadata:\n  Name: 123\nSpec:\n  Type: a.b\nScopes: [b]\n";
    expect(one(text)).toMatchObject({ name: "123", type: "a.b", scopes: ["b"] });
  });

  it("takes the kind under the name `Kind` as well, as Dapr does", () => {
    const text = component("  type: a.b").replace("kind:", "Kind:");
    expect(one(text)).toMatchObject({ name: "statestore", type: "a.b" });
    expect(() => parse(text.replace("Kind:", "Kinds:"))).toThrow("kind is missing");
  });

  it("reads several documents, and passes over empty ones and other systems'", () => {
    const { components, unapplied } = parse(
      `---\n${component("  type: a.b")}---\n---\napiVersion: v1\nkind: ConfigMap\n---\napiVersion: dapr.io/v1alpha1\nkind: MCPServer\nmetadata:\n  name: sub\n---\n${component("  type: c.d", "  name: other")}`,
    );
    expect(components.map(({ name, origin }) => [name, origin])).toEqual([
      ["statestore", "components/a.yaml, document 1"],
      ["other", "components/a.yaml, document 5"],
    ]);
    expect(unapplied).toEqual([{ kind: "MCPServer", name: "sub", origin: "components/a.yaml, document 4" }]);
  });

  it("takes policies and targets from a Resiliency", () => {
    const { resiliencies, unapplied } = parse(
      "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata:\n  name: r\nspec:\n  policies:\n    timeouts: {fast: 1s}\n    retries:\n      often: {duration: 2s, maxRetries: 7, matching: {httpStatusCodes: '500'}}\n  targets:\n    apps: {a: {retry: often}}\n    components:\n      bus: {inbound: {retry: often, timeout: fast}, outbound: {retry: often}}\nscopes: [a]\n",
    );
    expect(unapplied).toEqual([]);
    expect(resiliencies).toHaveLength(1);
    const [{ timeouts, retries, apps, components, scopes }] = resiliencies as [ResiliencyResource];
    expect([[...timeouts], scopes]).toEqual([[["fast", 1_000]], ["a"]]);
    expect(retries.get("often")).toEqual({
      policy: "constant",
      intervalMs: 2_000,
      maxRetries: 7,
      longestMs: 900_000,
      httpStatusCodes: [[500, 500]],
      grpcStatusCodes: undefined,
    });
    expect(apps.get("a")).toMatchObject({ retry: { name: "often" }, circuitBreakerCacheSize: 5_000 });
    expect(components.get("bus")).toMatchObject({
      inbound: { retry: { name: "often" }, timeout: { name: "fast" } },
      outbound: { retry: { name: "often" }, timeout: undefined },
    });
  });

  it("reads scopes, timeout, ignoreErrors and notes secret references", () => {
    const found = one(
      `${component("  type: a.b\n  version: v2\n  initTimeout: 1m30s\n  ignoreErrors: true\n  metadata:\n  - name: password\n    secretKeyRef:\n      name: s")}scopes:\n- a\n- b\n`,
    );
    expect(found).toMatchObject({
      version: "v2",
      initTimeoutMs: 90_000,
      ignoreErrors: true,
      scopes: ["a", "b"],
      secretKeyRefs: [{ field: "password", name: "s", key: "s" }],
      secretStore: undefined,
    });
    expect(found.metadata.has("password")).toBe(false);
    expect(one(component("  type: a.b\n  initTimeout: soon")).initTimeoutMs).toBe(5_000);
  });

  it("keeps names that are members of every object", () => {
    const found = one(
      component(
        "  type: a.b\n  metadata:\n  - {name: __proto__, value: p}\n  - {name: constructor, value: c}",
        "  name: __proto__",
      ),
    );
    expect(found.name).toBe("__proto__");
    expect([...found.metadata]).toEqual([
      ["__proto__", "p"],
      ["constructor", "c"],
    ]);
  });

  it("resolves envRef, but for Dapr's own variables", () => {
    const environment = new Map([
      ["HOST", "h"],
      ["DAPR_API_TOKEN", "secret"],
      ["APP_API_TOKEN", "secret"],
      ["app_api_token", "secret"],
    ]);
    const text = component(
      "  type: a.b\n  metadata:\n  - {name: a, envRef: HOST}\n  - {name: b, envRef: DAPR_API_TOKEN}\n  - {name: c, envRef: APP_API_TOKEN}\n  - {name: d, envRef: NONE}\n  - {name: e, value: given, envRef: HOST}\n  - {name: f, envRef: app_api_token}",
    );
    expect(Object.fromEntries(one(text, (name) => environment.get(name)).metadata)).toEqual({
      a: "h",
      b: "",
      c: "",
      d: "",
      e: "given",
      f: "",
    });
    environment.set("DAPR_ENV_KEYS", "OTHER");
    expect(one(text, (name) => environment.get(name)).metadata.get("a")).toBe("");
  });

  it.each([
    ["a name", component("  type: a.b", "  labels: {}"), "line 4", "metadata.name"],
    ["a type", component("  version: v1"), "line 6", "spec.type"],
    ["a key once", component("  type: a.b\n  type: a.c"), "line 7", "not valid YAML"],
    ["text as a name", component("  type: a.b", "  name: [1]"), "line 4", "metadata.name"],
    ["a list of metadata", component("  type: a.b\n  metadata:\n    host: x"), "line 8", "spec.metadata"],
    [
      "a name of an entry",
      component("  type: a.b\n  metadata:\n  - value: x"),
      "line 8",
      "spec.metadata.0.name",
    ],
    ["a list of scopes", `${component("  type: a.b")}scopes: a\n`, "line 7", "scopes"],
    ["a switch", component("  type: a.b\n  ignoreErrors: 3"), "line 7", "spec.ignoreErrors"],
    ["a spec", "kind: Component\nmetadata:\n  name: a\n", "line 1", "spec"],
    ["a mapping", "- a\n", "line 1", "mapping"],
    ["a kind", "metadata:\n  name: a\n", "line 1", "kind"],
  ])("asks for %s, naming file, document, line and field", (_, text, line, field) => {
    expect(() => parse(text)).toThrow(ResourceError);
    expect(() => parse(text)).toThrow(new RegExp(`components/a\\.yaml, document 1, ${line}\\b.*${field}`));
  });

  it("names the line of text that is not YAML", () => {
    expect(() => parse(`${component("  type: a.b")}---\nkind: "Component\nmetadata: {\n`)).toThrow(
      /components\/a\.yaml, document 2, line \d+: not valid YAML/,
    );
  });

  it("refuses a document that expands without bound", () => {
    const bomb = `a: &a [${"x,".repeat(9)}x]\n${[..."bcdefghi"]
      .map((name, i) => `${name}: &${name} [${`*${"abcdefgh"[i]},`.repeat(9)}*${"abcdefgh"[i]}]`)
      .join("\n")}\nkind: Component\n`;
    expect(() => parse(bomb)).toThrow(/components\/a\.yaml, document 1/);
  });

  it("never throws anything but a ResourceError", () => {
    const members = [
      ..."type version metadata initTimeout baseUrl headers clientTLS rootCA renegotiation pubsubname topic".split(
        " ",
      ),
      ..."routes rules bulkSubscribe policies targets retries timeouts circuitBreakers apps components".split(
        " ",
      ),
      ..."secrets scopes features tracing otel zipkin metrics http httpPipeline handlers accessControl".split(
        " ",
      ),
      ..."policies api allowed nameResolution configuration mtls logging apiLogging name value rules".split(
        " ",
      ),
    ];
    const value = fc.oneof(
      fc.jsonValue(),
      fc.array(fc.dictionary(fc.constantFrom(...members), fc.jsonValue())),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.jsonValue().map((value) => yaml.stringify(value)),
          fc
            .record({
              apiVersion: fc.constant("dapr.io/v1alpha1"),
              kind: fc.constantFrom(
                ...["Component", "Configuration", "Subscription", "Resiliency", "HTTPEndpoint"],
              ),
              metadata: fc.oneof(fc.constant({ name: "a" }), fc.jsonValue()),
              spec: fc.oneof(
                fc.jsonValue(),
                fc.dictionary(
                  fc.constantFrom(...members),
                  fc.oneof(fc.dictionary(fc.constantFrom(...members), value), value),
                ),
              ),
              scopes: fc.jsonValue(),
            })
            .map((value) => yaml.stringify(value)),
        ),
        (text) => {
          try {
            parse(text);
          } catch (error) {
            expect(error).toBeInstanceOf(ResourceError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("a Configuration's secret scopes", () => {
  const configuration = (spec: string) =>
    parse(`apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata:\n  name: c\nspec:\n${spec}`);
  const scope = (...lines: string[]) =>
    `  secrets:\n    scopes:\n      - storeName: vault\n${lines.map((line) => `        ${line}\n`).join("")}`;

  it("are read, and the sections beside them named as not applied yet", () => {
    const found = configuration(`${scope("deniedSecrets: [a]")}  tracing: {}\n  workflow: {}\n`);
    expect(found.configuration.secretScopes).toEqual([
      { storeName: "vault", defaultAccess: "allow", allowedSecrets: [], deniedSecrets: ["a"] },
    ]);
    expect(found.unapplied.map(({ name }) => name)).toEqual(["c spec.workflow"]);
    expect(configuration(scope()).unapplied).toEqual([]);
  });

  it.each([
    ["nothing said", [], { a: true, b: true }],
    ["denied by default", ["defaultAccess: Deny"], { a: false, b: false }],
    ["one denied", ["deniedSecrets: [a]"], { a: false, b: true }],
    ["one allowed is exclusive", ["allowedSecrets: [a]"], { a: true, b: false }],
    ["allowed before denied", ["allowedSecrets: [a]", "deniedSecrets: [a, b]"], { a: true, b: false }],
    ["allowed before the default", ["defaultAccess: deny", "allowedSecrets: [a]"], { a: true, b: false }],
  ])("%s", (_, lines, expected) => {
    const { secretScopes } = configuration(scope(...lines)).configuration;
    const may = (name: string) => mayRead(secretScopes, "vault", name);
    expect({ a: may("a"), b: may("b") }).toEqual(expected);
    expect(mayRead(secretScopes, "another", "a")).toBe(true);
  });

  it("of a later file are valid instead of an earlier one's", () => {
    const joined = joinResources([configuration(scope("defaultAccess: deny")), configuration(scope())]);
    expect(mayRead(joined.configuration.secretScopes, "vault", "a")).toBe(true);
  });

  it.each([
    ["defaultAccess: maybe", "line 9", "defaultAccess"],
    ["deniedSecrets: a", "line 9", "deniedSecrets"],
    ["allowedSecrets: [{}]", "line 9", "allowedSecrets"],
  ])("%s is refused by file, line and field", (text, line, field) => {
    expect(() => configuration(scope(text))).toThrow(new RegExp(`a\\.yaml, document 1, ${line}.*${field}`));
  });

  it("of one store stand once in a document", () => {
    const twice = `${scope()}      - storeName: vault\n        defaultAccess: deny\n`;
    expect(() => configuration(twice)).toThrow(/storeName repeats vault/);
  });
});

describe("components given as objects", () => {
  it("takes the short form and the document alike", () => {
    const short = componentFromObject(
      { name: "s", type: "a.b", metadata: { n: 1, t: true }, scopes: ["x"], ignoreErrors: true },
      "register()",
    );
    const long = componentFromObject(
      {
        kind: "Component",
        metadata: { name: "s" },
        spec: {
          type: "a.b",
          ignoreErrors: true,
          metadata: [
            { name: "n", value: 1 },
            { name: "t", value: true },
          ],
        },
        scopes: ["x"],
      },
      "register()",
    );
    expect(short).toEqual(long);
    expect(short).toMatchObject({ origin: "register()", version: "v1", initTimeoutMs: 5_000 });
  });

  it("names the caller in its errors", () => {
    expect(() => componentFromObject({ name: "", type: "a.b" }, "register()")).toThrow(
      /^register\(\): metadata\.name/,
    );
  });
});
