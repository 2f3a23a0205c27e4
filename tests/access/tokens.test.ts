import { afterEach, describe, expect, it } from "vitest";
import { createRuntime } from "../../host/node/create-runtime.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { rawRequest } from "../node/raw-http.ts";

const open: NodeSidecar[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((sidecar) => sidecar.stop()));
});

const token = "s3cret-token";

async function guarded(path = "/v1.0/invoke/a/method/x", lines: readonly string[] = []) {
  const seen: Headers[] = [];
  const said: string[] = [];
  const say = (text: string, fields = {}) => said.push(`${text} ${JSON.stringify(fields)}`);
  const log = { debug: say, info: say, warn: say, error: say };
  const app = (request: Request) => {
    seen.push(request.headers);
    return new Response("app");
  };
  const sidecar = await startSidecar({ appId: "a", app, apiToken: token, log, logCalls: true });
  open.push(sidecar);
  await sidecar.runtime.appReady;
  seen.length = 0;
  const answer = await rawRequest(sidecar.port, `GET ${path}`, ["Host: localhost", ...lines]);
  return { answer, seen, said };
}

describe("DAPR_API_TOKEN", () => {
  it.each([
    ["none", []],
    ["an empty one", ["dapr-api-token:"]],
    ["one that is shorter", [`dapr-api-token: ${token.slice(1)}`]],
    ["one that begins alike", [`dapr-api-token: ${token.slice(0, -1)}`]],
    ["one that is longer", [`dapr-api-token: ${token}x`]],
    ["another case", [`dapr-api-token: ${token.toUpperCase()}`]],
    ["two in one", [`dapr-api-token: ${token}, ${token}`]],
    ["a wrong one before it", ["dapr-api-token: wrong", `dapr-api-token: ${token}`]],
    ["another header", [`authorization: Bearer ${token}`]],
    ["beyond ASCII", ["dapr-api-token: s3cret-t\u00f6ken"]],
    ["one that is much longer", [`dapr-api-token: ${"x".repeat(2000)}`]],
  ])("%s is refused, before the app", async (_, lines) => {
    const { answer, seen } = await guarded(undefined, lines as string[]);
    expect([answer.status, answer.body, seen.length]).toEqual([401, "invalid api token", 0]);
  });

  it.each([
    "/v1.0/healthz/../metadata",
    "/v1.0/metadata/../healthz/%2e%2e/metadata",
    "/v1.0//state/s/k",
    "/v1.0/healthz%2f..%2fmetadata",
    "/V1.0/healthz",
    "/v1.0/healthz/x",
    "/healthz",
  ])("%s is not one of the open paths", async (path) => {
    expect((await guarded(path)).answer.status).toBe(401);
  });

  it("lets in, and goes no further: neither to the app nor into the log", async () => {
    const { answer, seen, said } = await guarded(undefined, [
      `dapr-api-token: ${token}`,
      "Connection: close",
    ]);
    expect([answer.status, seen.length]).toEqual([200, 1]);
    expect(JSON.stringify([...(seen[0] as Headers)])).not.toContain(token);
    expect(said.join()).not.toContain(token);
  });

  it("goes to no other sidecar either, nor does a claim of being one's own", async () => {
    const asked: (readonly string[])[] = [];
    const transport = {
      name: "test",
      join: async () => undefined,
      instances: async (appId: string, namespace: string) => [
        {
          id: "b-1",
          appId,
          namespace,
          invoke: async ({ headers }: { headers: readonly string[] }) => {
            asked.push(headers);
            return { status: 200, headers: [], body: undefined };
          },
        },
      ],
      suspect: () => undefined,
      close: async () => undefined,
    };
    const runtime = await createRuntime({ appId: "a", apiToken: token, transports: [transport] });
    const headers = { "dapr-api-token": token, "dapr-caller-app-id": "b", "x-own": "1" };
    expect((await runtime.fetch("/v1.0/invoke/b/method/x", { headers })).status).toBe(200);
    expect((await runtime.fetch("/x", { headers: { ...headers, "dapr-app-id": "b" } })).status).toBe(200);
    expect(asked.length).toBe(2);
    for (const list of asked) {
      expect(list).toContain("x-own");
      expect(list).not.toContain(token);
      expect(list).not.toContain("dapr-caller-app-id");
    }
  });
});
