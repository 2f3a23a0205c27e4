import { expect, it } from "vitest";
import { after, pass, town } from "./page-town.ts";

const resources = (metrics: object) => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: statestore }
spec: { type: state.in-memory, version: v1, metadata: [{ name: actorStateStore, value: "true" }] }
---
${JSON.stringify({ apiVersion: "dapr.io/v1alpha1", kind: "Configuration", metadata: { name: "c" }, spec: { metrics } })}
`;

it("counts what becomes of a page's actors where its worker measures", async () => {
  const cats = await town(resources({}));
  const set = async (name: string, dueTime: string) =>
    expect(await after(500, cats.set(`timers/${name}`, { dueTime }))).toMatchObject({ status: 204 });
  expect(await after(500, cats.call("meow"))).toMatchObject({ status: 200 });
  await set("soon", "1s");
  await set("late", "1h");
  void cats.call("hang", "2");
  void cats.call("meow", "2");
  await pass(3000);
  const samples = await cats.samples();
  const expected = {
    'dapr_runtime_actor_timers{actor_type="Cat",app_id="town"}': 1,
    'dapr_runtime_actor_pending_actor_calls{actor_type="Cat",app_id="town"}': 1,
    'dapr_runtime_actor_timers_fired_total{actor_type="Cat",app_id="town",success="true"}': 1,
  };
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, samples.get(name)]))).toEqual(
    expected,
  );
});

it("counts nothing of them where it does not", async () => {
  const cats = await town(resources({ enabled: false }));
  await after(500, cats.call("meow"));
  await pass(1000);
  expect((await cats.samples()).size).toBe(0);
});
