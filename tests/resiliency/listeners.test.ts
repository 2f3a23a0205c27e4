import { expect, it } from "vitest";
import { createRuntime } from "../../host/node/index.ts";

const resource = (kind: string, name: string, spec: object) =>
  JSON.stringify({ apiVersion: "dapr.io/v1alpha1", kind, metadata: { name }, spec });

it("many calls under one policy at a time are no leak that Node warns of", async () => {
  const warnings: string[] = [];
  const warned = ({ name }: Error) => void warnings.push(name);
  process.on("warning", warned);
  const runtime = await createRuntime({
    components: [
      resource("Component", "memory", { type: "state.in-memory", version: "v1", metadata: [] }),
      resource("Resiliency", "r", {
        policies: { timeouts: { t: "5s" } },
        targets: { components: { memory: { outbound: { timeout: "t" } } } },
      }),
    ].join("\n---\n"),
  });
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => runtime.fetch("/v1.0/state/memory/k").then(({ status }) => status)),
  );
  expect(new Set(answers)).toEqual(new Set([204]));
  await new Promise((later) => setImmediate(later));
  expect(warnings).toEqual([]);
  process.off("warning", warned);
  await runtime.stop();
});
