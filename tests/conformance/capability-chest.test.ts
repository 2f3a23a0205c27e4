import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PackageSet } from "../../host/capability/package-set.ts";
import type { BindingDefinition } from "../../host/components/bindings/binding.ts";
import type { SecretStoreDefinition } from "../../host/components/secretstores/secret-store.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { workerThreads } from "../../host/node/capability/worker-threads.ts";
import { compileAssemblyScript } from "../../host/node/cli/capability/compile-assemblyscript.ts";
import { packageOf } from "../capability/wat-package.ts";
import { bindingConformance } from "./bindings.ts";
import { secretStoreConformance } from "./secretstores.ts";
import { openWith, testContext } from "./test-context.ts";

/** An output binding and a secret store that a package is, in the threads that confine it. */
describe("a package", () => {
  const clock = new FakeClock();
  const context = testContext("chest", clock);
  const set = new PackageSet({
    confinement: workerThreads(),
    platform: context.platform,
    maxBodySize: 4 << 20,
  });
  const definition = (type: string) => set.components.find((one) => one.type === type);

  beforeAll(async () => {
    const file = resolve(import.meta.dirname, "../capability/chest/index.ts");
    const bytes = new Uint8Array(await compileAssemblyScript(file, 256));
    const chest = packageOf("chest", bytes, {
      offers: [
        { kind: "component", type: "secretstores.chest" },
        { kind: "component", type: "bindings.chest", operations: ["create", "fail"] },
      ],
      limits: { memory: "16Mi", timeMs: 60_000 },
    });
    await set.update([chest], new Map());
    expect(set.components).toHaveLength(2);
  }, 60_000);
  afterAll(() => set.close());

  const secrets = secretStoreConformance({
    name: "secretstores.chest",
    missing: "an error",
    bulk: true,
    open: (values) =>
      openWith(
        definition("secretstores.chest") as SecretStoreDefinition,
        context,
        Object.fromEntries(values),
      ),
  });
  for (const { name, run } of secrets) it(`is a secret store: ${name}`, run);

  const bindings = bindingConformance({
    name: "bindings.chest",
    features: ["OUTPUT_BINDING"],
    clock,
    open: () => openWith(definition("bindings.chest") as BindingDefinition, context, {}),
    succeeds: { operation: "create", data: '{"n":1}' },
    fails: { operation: "fail" },
  });
  for (const { name, run } of bindings) it(`is an output binding: ${name}`, run);
});
