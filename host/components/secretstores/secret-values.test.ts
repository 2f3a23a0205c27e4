import { describe, expect, it } from "vitest";
import { openWith } from "../../../tests/conformance/test-context.ts";
import { ComponentError } from "../../errors/component-error.ts";
import { createRuntime, nodeRegistry } from "../../node/index.ts";
import type { Log } from "../../platform.ts";
import { flag, integer, text } from "../metadata-schema.ts";
import { inMemoryStore } from "../state/in-memory.ts";
import { defineStore } from "../state/store.ts";

const secret = "c0rrect-h0rse";

/** Keeps what it was opened with, so that the test can look. */
function recorder() {
  const opened: (string | undefined)[] = [];
  const store = defineStore({
    type: "state.recorder",
    version: "v1",
    summary: "Tells the test what it was opened with.",
    metadata: { password: text("A secret."), port: integer("A number.") },
    features: [],
    open(metadata, context) {
      opened.push(metadata.password);
      return openWith(inMemoryStore, context);
    },
  });
  return { opened, registry: { ...nodeRegistry, state: [inMemoryStore, store] } };
}

function listener(): { said: string[]; log: Log } {
  const said: string[] = [];
  const say = (message: string, fields?: object) => void said.push(`${message} ${JSON.stringify(fields)}`);
  return { said, log: { debug: say, info: say, warn: say, error: say } };
}

const vault = (name: string, value = secret) => `
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: ${name}
spec:
  type: secretstores.in-memory
  metadata:
  - name: redisPassword
    value: "${value}"
`;

/** As the book prints it: no version, and a secret named without a key. */
const store = (ref: string, auth = "auth:\n  secretStore: azurekeyvault\n", field = "password") => `
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: statestore
spec:
  type: state.recorder
  metadata:
  - name: ${field}
    secretKeyRef:
${ref}
${auth}`;

const byName = "      name: redisPassword";

describe("metadata that refer to secrets", () => {
  it.each([
    ["by name only, from the store that auth names", [store(byName), vault("azurekeyvault")]],
    [
      "by name and key, from one of several",
      [vault("other", "not this"), store(`${byName}\n      key: redisPassword`), vault("azurekeyvault")],
    ],
    ["from the only store there is", [store(byName, ""), vault("any")]],
  ])("%s", async (_, documents) => {
    const { opened, registry } = recorder();
    const { said, log } = listener();
    const runtime = await createRuntime({ components: documents.join("---\n"), registry, log });
    expect(opened).toEqual([secret]);
    const metadata = await (await runtime.fetch("/v1.0/metadata")).text();
    expect(metadata).toContain("statestore");
    expect(metadata + said.join()).not.toContain(secret);
    await runtime.stop();
  });

  it.each([
    ["a store that is not there", [store(byName)], /secret store azurekeyvault, which is not loaded/],
    ["no store at all", [store(byName, "")], /no secret store is loaded/],
    [
      "which of two stores",
      [store(byName, ""), vault("a"), vault("b")],
      /name one of a, b in auth\.secretStore/,
    ],
    [
      "a secret that is not there",
      [store("      name: nothing"), vault("azurekeyvault")],
      /secret nothing of secret store azurekeyvault cannot be read: secret nothing not found/,
    ],
    [
      "a key that is not there",
      [store(`${byName}\n      key: nothing`), vault("azurekeyvault")],
      /secret redisPassword of azurekeyvault has no key nothing/,
    ],
    [
      "a value that is no number",
      [store(byName, undefined, "port"), vault("azurekeyvault")],
      /metadata field port: expected a whole number/,
    ],
  ])("do not open with %s, and nothing tells the secret", async (_, documents, expected) => {
    const { registry } = recorder();
    const { said, log } = listener();
    const failure = await createRuntime({ components: documents.join("---\n"), registry, log }).then(
      () => undefined,
      (error: Error) => error,
    );
    expect(failure?.message).toMatch(expected);
    expect(failure?.message).toContain("statestore");
    expect(`${failure?.stack}${said}`).not.toContain(secret);
  });

  it("are in nothing that a component says, while it opens and later", async () => {
    const talkative = defineStore({
      type: "state.talkative",
      version: "v1",
      summary: "Says what it was given.",
      metadata: { password: text("A secret."), fails: flag("Whether it opens.", false) },
      features: [],
      async open({ password, fails }, context) {
        context.log.warn(`connecting with ${password}`, { url: `redis://:${password}@localhost` });
        if (fails) throw new Error(`redis://:${password}@localhost is away`);
        const memory = await openWith(inMemoryStore, context);
        return {
          get: async () => {
            throw new ComponentError(
              "UNAVAILABLE",
              `redis://:${encodeURIComponent(password ?? "")}@localhost broke`,
            );
          },
          bulkGet: () => {
            throw new Error(`${password} broke`);
          },
          write: (batch) => memory.write(batch),
          close: () => memory.close(),
          facts: new Map([["server", `redis://:${password}@localhost`]]),
        };
      },
    });
    const registry = { ...nodeRegistry, state: [talkative] };
    const resource = store(byName).replace("state.recorder", "state.talkative");
    const { said, log } = listener();
    const start = (more: string) =>
      createRuntime({
        components: [vault("azurekeyvault"), resource.replace("  metadata:\n", `  metadata:\n${more}`)].join(
          "---\n",
        ),
        registry,
        log,
      });
    const runtime = await start("");
    const save = { method: "POST", body: '[{"key":"k","value":1}]' };
    expect((await runtime.fetch("/v1.0/state/statestore", save)).status).toBe(204);
    const bulk = { method: "POST", body: '{"keys":["k"]}' };
    const answers = [
      await runtime.fetch("/v1.0/state/statestore/k"),
      await runtime.fetch("/v1.0/state/statestore/bulk", bulk),
      await runtime.fetch("/v1.0/metadata"),
    ];
    const answered = (await Promise.all(answers.map((answer) => answer.text()))).join("\n");
    expect(answered).toContain("redis://:***@localhost broke");
    expect(said.join()).toContain("*** broke");
    expect(answered).toContain('redis://:***@localhost"');
    expect(`${answered}${said}`).not.toContain(secret);
    await runtime.stop();
    const failure = await start('  - name: fails\n    value: "true"\n').catch((error: Error) => error);
    expect(String(failure)).toContain("redis://:***@localhost is away");
    expect(said.join()).toContain('connecting with *** {"url":"redis://:***@localhost"}');
    expect(`${said}${(failure as Error).stack}`).not.toContain(secret);
  });

  it("follow a secret store that is replaced", async () => {
    const { opened, registry } = recorder();
    const { log } = listener();
    const runtime = await createRuntime({
      components: [vault("azurekeyvault"), store(byName)].join("---\n"),
      registry,
      log,
    });
    const { resources } = runtime.sidecar;
    const components = resources.components.map((component) =>
      component.name === "statestore"
        ? component
        : { ...component, metadata: new Map([["redisPassword", "rotated"]]) },
    );
    await runtime.update({ ...resources, components });
    expect(opened).toEqual([secret, "rotated"]);
    await runtime.stop();
  });
});
