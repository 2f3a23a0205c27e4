import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";

describe("hostile, in a sidecar", () => {
  let runtime: LocalRuntime;

  beforeAll(async () => {
    const paths = ["hostile", "hello"].map((name) =>
      resolve(import.meta.dirname, "../../dist/capabilities", name),
    );
    const grants = { hostile: { state: [{ store: "statestore", access: "read" }] } };
    runtime = await createRuntime({ clock: "system", capabilities: { paths, grants } });
  });
  afterAll(() => runtime.stop(0));

  it.each([
    ["loop", 504, "ERR_CAPABILITY_DEADLINE"],
    ["grow", 502, "ERR_CAPABILITY_FAULT"],
    ["flood", 502, "ERR_CAPABILITY_FAULT"],
  ])("%s is answered %i, and the next call of another one as ever", async (deed, status, errorCode) => {
    const answer = await runtime.fetch(`/v1.0/capabilities/hostile/${deed}`);
    expect([answer.status, ((await answer.json()) as { errorCode: string }).errorCode]).toEqual([
      status,
      errorCode,
    ]);
    expect((await runtime.fetch("/v1.0/capabilities/hello/hello")).status).toBe(200);
  });

  it("learns nothing but what it was granted", async () => {
    const answer = await runtime.fetch("/v1.0/capabilities/hostile/spy");
    expect(await answer.json()).toEqual({ state: 204, publish: 403, fetch: 403, invoke: 403 });
  });
});
