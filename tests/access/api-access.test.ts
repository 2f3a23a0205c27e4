import { describe, expect, it } from "vitest";
import type { LocalRuntime } from "../../host/node/create-runtime.ts";
import { createRuntime } from "../../host/node/create-runtime.ts";
import { callee, configurationOf } from "./callee.ts";

type Rule = readonly [name: string, version: string, protocol?: string];

const rules = (list: readonly Rule[]) =>
  list.map(([name, version, protocol = "http"]) => ({ name, version, protocol }));
const spec = ({ allowed = [], denied = [] }: { allowed?: readonly Rule[]; denied?: readonly Rule[] }) =>
  `  api: ${JSON.stringify({ allowed: rules(allowed), denied: rules(denied) })}`;

/** What an answer says of whether the API was there. */
async function fate(runtime: LocalRuntime, call: string, headers: Record<string, string> = {}) {
  const [method, path] = call.split(" ") as [string, string];
  const answer = await runtime.fetch(path, { method, headers });
  const text = await answer.text();
  if (answer.status !== 404) return "there";
  if (text === "404 page not found\n") return "nothing";
  return text.includes("failed getting app id") ? "fallback" : "there";
}

describe("spec.api", () => {
  it.each<[list: Parameters<typeof spec>[0], call: string, expected: string]>([
    [{ denied: [["state", "v1.0"]] }, "GET /v1.0/state/s/k", "fallback"],
    [{ denied: [["state", "v1"]] }, "GET /v1.0/state/s/k", "fallback"],
    [{ denied: [["state", "v1.0"]] }, "POST /v1.0-alpha1/state/s/query", "there"],
    [{ denied: [["state", "v1alpha1"]] }, "POST /v1.0-alpha1/state/s/query", "fallback"],
    [{ denied: [["state", "v1.0-alpha1"]] }, "POST /v1.0-alpha1/state/s/query", "fallback"],
    [{ denied: [["configuration", "v1.0-alpha1"]] }, "GET /v1.0-alpha1/configuration/s", "fallback"],
    [{ denied: [["configuration", "v1.0-alpha1"]] }, "GET /v1.0/configuration/s", "there"],
    [{ denied: [["", "v1.0-alpha1"]] }, "POST /v1.0-alpha1/lock/s", "fallback"],
    [{ denied: [["state", "v1.0", "grpc"]] }, "GET /v1.0/state/s/k", "there"],
    [{ denied: [["state", "v1.0", "HTTP"]] }, "GET /v1.0/state/s/k", "fallback"],
    [{ denied: [["state", "v1.0"]] }, "GET //v1.0/./state//s/k", "fallback"],
    [{ denied: [["state", "v1.0"]] }, "GET /v1.0/x/../state/s/%6b", "fallback"],
    [{ denied: [["metadata", "v1.0"]] }, "GET /v1.0/metadata", "fallback"],
    [{ denied: [["healthz", "v1.0"]] }, "GET /v1.0/healthz", "there"],
    [{ allowed: [["state", "v1.0"]] }, "GET /v1.0/state/s/k", "there"],
    [{ allowed: [["state", "v1.0"]] }, "GET /v1.0/metadata", "nothing"],
    [{ allowed: [["state", "v1.0"]] }, "GET /v1.0/healthz", "there"],
    [{ allowed: [["state", "v1.0"]] }, "GET /v1.0/invoke/app/method/x", "nothing"],
    [{ allowed: [["state", "v1.0"]] }, "GET /v1.0/invoke/app/method/x%23", "nothing"],
    [{ allowed: [["state", "v1.0", "grpc"]] }, "GET /v1.0/metadata", "there"],
    [
      {
        allowed: [
          ["state", "v1.0"],
          ["invoke", "v1"],
        ],
      },
      "GET /v1.0/metadata",
      "fallback",
    ],
    [{ allowed: [["state", "v1.0"]], denied: [["state", "v1.0"]] }, "GET /v1.0/state/s/k", "nothing"],
    [{ denied: [["invoke", "v1.0"]] }, "GET /v1.0/state/s/k", "there"],
    [{ denied: [["invoke", "v1.0"]] }, "GET /other", "nothing"],
    [{}, "GET /v1.0/metadata", "there"],
  ])("%j: %s is %s", async (list, call, expected) => {
    const { runtime } = await callee(spec(list));
    expect(await fate(runtime, call)).toBe(expected);
  });

  it("leaves the path of a forbidden API to an app that a header names, unless invocation is forbidden", async () => {
    const denied: Rule[] = [["state", "v1.0"]];
    const open = await callee(spec({ denied }));
    expect(await fate(open.runtime, "GET /v1.0/state/s/k", { "dapr-app-id": "callee" })).toBe("there");
    expect(open.reached).toEqual(["GET /v1.0/state/s/k"]);
    const closed = await callee(spec({ denied: [...denied, ["invoke", "v1.0"]] }));
    expect(await fate(closed.runtime, "GET /v1.0/state/s/k", { "dapr-app-id": "callee" })).toBe("nothing");
    expect(closed.reached).toEqual([]);
  });

  it.each([
    ["api: { denied: [{ name: state, version: v1.0 }] }", /spec\.api\.denied\.0\.protocol is required/],
    ["api: { denied: [{ name: state, version: v1.0, protocol: tcp }] }", /line 6.*must be http or grpc/],
    ["api: { allowed: { name: state } }", /spec\.api\.allowed must be a list/],
    ["api: { allowed: [{ name: state, protocol: http }] }", /spec\.api\.allowed\.0\.version is required/],
    ["components: { deny: bindings.http }", /spec\.components\.deny must be a list of types/],
    ["accessControl: { defaultAction: alow }", /spec\.accessControl\.defaultAction must be allow or deny/],
    ["accessControl: { policies: [{ appId: a }] }", /policies\.0\.namespace is required/],
    ["accessControl: { policies: [{ namespace: a }] }", /policies\.0\.appId is required/],
    [
      "accessControl: { policies: [{ appId: a, namespace: n }, { appId: a, namespace: n }] }",
      /policies\.1\.appId repeats the policy for a in n/,
    ],
    ["accessControl: { policies: [{ appId: a, namespace: n, operations: [x] }] }", /operations\.0 must be/],
    [
      "accessControl: { policies: [{ appId: a, namespace: n, operations: [{ name: /a?b }] }] }",
      /operations\.0\.name must be a path without query/,
    ],
    [
      "accessControl: { policies: [{ appId: a, namespace: n, operations: [{ name: /a/../b }] }] }",
      /operations\.0\.name must be a path without query/,
    ],
    [
      "accessControl: { policies: [{ appId: a, namespace: n, operations: [{ name: /a, httpVerb: [FETCH] }] }] }",
      /httpVerb\.0 must be \* or one of GET, POST/,
    ],
  ])("%s is refused with its line and field", async (section, message) => {
    await expect(callee(`  ${section}`)).rejects.toThrow(message);
  });
});

it("what forbids invocations forbids them under the paths of the API that are left to apps, too", async () => {
  const { runtime, reached } = await callee(spec({ denied: [["invoke", "v1.0"]] }));
  const headers = { "dapr-app-id": "callee" };
  expect((await runtime.fetch("/v1.0/publish/topic", { method: "POST", headers })).status).toBe(404);
  expect(reached).toEqual([]);
});

describe("spec.components.deny", () => {
  const component = (name: string, type: string) =>
    `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${name}\nspec:\n  type: ${type}\n  version: v1\n`;

  it.each([
    ["state.in-memory", ["events"]],
    ["state.in-memory/v1", ["events"]],
    ["state.in-memory/v2", ["events", "store"]],
    ["STATE.in-memory", ["events", "store"]],
  ])("%s leaves %j", async (denied, left) => {
    const said: string[] = [];
    const log = { debug: () => {}, info: () => {}, warn: (text: string) => said.push(text), error: () => {} };
    const components = [
      component("store", "state.in-memory"),
      component("events", "pubsub.in-memory"),
      configurationOf(`  components: { deny: ["${denied}"] }`),
    ].join("---\n");
    const runtime = await createRuntime({ components, log });
    const { components: open } = (await (await runtime.fetch("/v1.0/metadata")).json()) as {
      components: { name: string }[];
    };
    expect(open.map(({ name }) => name).sort()).toEqual(left);
    expect(said.some((text) => /component store .* components\.deny .* state\.in-memory/.test(text))).toBe(
      !left.includes("store"),
    );
  });
});
