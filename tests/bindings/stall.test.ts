import { afterEach, expect, it } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/index.ts";
import { startTarget } from "../hosts/target.ts";

let runtime: LocalRuntime;
afterEach(() => runtime.stop());

it("a target that never answers stalls nobody else: state, events and other bindings go on", async () => {
  const target = await startTarget();
  const seen: string[] = [];
  runtime = await createRuntime({
    clock: "system",
    components: [
      { name: "never", type: "bindings.http", metadata: { url: `${target.url}/never` } },
      {
        name: "patient",
        type: "bindings.http",
        metadata: { url: `${target.url}/never`, responseTimeout: "300ms" },
      },
      { name: "target", type: "bindings.http", metadata: { url: target.url } },
      { name: "queue", type: "bindings.in-memory" },
      { name: "statestore", type: "state.in-memory" },
      { name: "pubsub", type: "pubsub.in-memory" },
    ],
    app: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/dapr/subscribe")
        return Response.json([{ pubsubname: "pubsub", topic: "A", route: "A" }]);
      if (pathname === "/dapr/config") return new Response(null, { status: 404 });
      if (request.method !== "OPTIONS") seen.push(pathname);
      return new Response(null);
    },
  });
  const post = (path: string, body: unknown, init: RequestInit = {}) =>
    runtime.fetch(path, { method: "POST", body: JSON.stringify(body), ...init });
  const hangUp = new AbortController();
  const stalled = Array.from({ length: 20 }, () =>
    post("/v1.0/bindings/never", { operation: "get" }, { signal: hangUp.signal }),
  );
  await expect.poll(() => target.reached.length).toBe(20);
  expect((await post("/v1.0/state/statestore", [{ key: "k", value: 1 }])).status).toBe(204);
  expect(await (await runtime.fetch("/v1.0/state/statestore/k")).text()).toBe("1");
  expect((await post("/v1.0/publish/pubsub/A", {})).status).toBe(204);
  expect((await post("/v1.0/bindings/queue", { operation: "create", data: 1 })).status).toBe(204);
  expect((await post("/v1.0/bindings/target", { operation: "get" })).status).toBe(200);
  await expect.poll(() => seen.sort()).toEqual(["/A", "/queue"]);
  const late = await post("/v1.0/bindings/patient", { operation: "get" });
  expect([late.status, ((await late.json()) as { message: string }).message]).toEqual([
    500,
    "error invoking output binding patient: no answer within responseTimeout (300 ms)",
  ]);
  // Who hangs up is let go of, and so is the target.
  hangUp.abort();
  const answers = await Promise.all(stalled);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([500]));
  await target.close();
});
