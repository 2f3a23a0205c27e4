import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { freePorts } from "../hosts/free-ports.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function remote(options: { apiToken?: string } = {}): Promise<NodeSidecar> {
  const sidecar = await startSidecar({ appId: "remote", logLevel: "error", ...options });
  closing.push(() => sidecar.stop());
  return sidecar;
}

async function local(
  appId: string,
  metadata: Readonly<Record<string, string>>,
  clock?: "system",
): Promise<LocalRuntime> {
  const components = [
    { name: "shared", type: "state.dapr", metadata: { component: "statestore", ...metadata } },
  ];
  const runtime = await createRuntime({ appId, components, ...(clock && { clock }) });
  closing.push(() => runtime.stop());
  return runtime;
}

const save = (
  on: { fetch(path: string, init?: RequestInit): Promise<Response> },
  items: unknown,
  more = {},
) => on.fetch("/v1.0/state/shared", { method: "POST", body: JSON.stringify(items), ...more });

/** A server that answers as it is told; what it was asked is kept. */
async function server(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const listening: Server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    listening.closeAllConnections();
    await new Promise((resolve) => listening.close(resolve));
  });
  return { url: `http://127.0.0.1:${(listening.address() as { port: number }).port}`, asked };
}

async function refusal(runtime: LocalRuntime): Promise<string> {
  const answer = await runtime.fetch("/v1.0/state/shared/k");
  expect(answer.status).toBe(500);
  const { errorCode, message } = (await answer.json()) as { errorCode: string; message: string };
  expect(errorCode).toBe("ERR_STATE_GET");
  return message;
}

describe("a state store of another sidecar", () => {
  test("T40: two of one app id share state, and a stale ETag is refused across them", async () => {
    const { url } = await remote();
    const [one, two, other] = [
      await local("shop", { url }),
      await local("shop", { url }),
      await local("b", { url }),
    ];
    expect((await save(one, [{ key: "pet", value: { name: "bono" } }])).status).toBe(204);
    const read = await two.fetch("/v1.0/state/shared/pet");
    expect([read.status, await read.text()]).toEqual([200, '{"name":"bono"}']);
    const etag = read.headers.get("etag");
    expect((await save(two, [{ key: "pet", value: 2, etag }])).status).toBe(204);
    const stale = await save(one, [{ key: "pet", value: 1, etag }]);
    expect([stale.status, ((await stale.json()) as { errorCode: string }).errorCode]).toEqual([
      409,
      "ERR_STATE_SAVE",
    ]);
    const deleted = await one.fetch("/v1.0/state/shared/pet", {
      method: "DELETE",
      headers: { "if-match": etag ?? "" },
    });
    expect(deleted.status).toBe(409);
    expect((await other.fetch("/v1.0/state/shared/pet")).status).toBe(204);
  });

  test("encrypted, it hands the other sidecar strings that only its key opens", async () => {
    const { url } = await remote();
    const keys = { primaryEncryptionKey: "0f".repeat(32) };
    const [one, two] = [await local("shop", { url, ...keys }), await local("shop", { url, ...keys })];
    expect((await save(one, [{ key: "pet", value: { name: "bono" } }])).status).toBe(204);
    const read = await two.fetch("/v1.0/state/shared/pet");
    expect([read.status, await read.text()]).toEqual([200, '{"name":"bono"}']);
    const etag = read.headers.get("etag");
    const operations = [{ operation: "upsert", request: { key: "pet", value: 2, etag } }];
    const body = JSON.stringify({ operations });
    const path = "/v1.0/state/shared/transaction";
    expect((await two.fetch(path, { method: "POST", body })).status).toBe(204);
    expect(await (await one.fetch("/v1.0/state/shared/pet")).text()).toBe("2");
    const plain = await local("shop", { url });
    const kept = (await (await plain.fetch("/v1.0/state/shared/pet")).json()) as string;
    expect(kept).toMatch(/^[A-Za-z0-9+/]+=*\|\|primaryEncryptionKey$/);
    await save(plain, [{ key: "pet", value: { not: "encrypted" } }]);
    expect((await one.fetch("/v1.0/state/shared/pet")).status).toBe(500);
  });

  test("an outbox publishes its transactions from here", async () => {
    const { url } = await remote();
    const told: unknown[] = [];
    const runtime = await createRuntime({
      appId: "shop",
      clock: "system",
      components: [
        {
          name: "shared",
          type: "state.dapr",
          metadata: { url, component: "statestore", outboxPublishPubsub: "bus", outboxPublishTopic: "told" },
        },
        { name: "bus", type: "pubsub.in-memory" },
      ],
      app: async (request) => {
        if (new URL(request.url).pathname === "/dapr/subscribe") {
          return Response.json([{ pubsubname: "bus", topic: "told", route: "/told" }]);
        }
        told.push(((await request.json()) as { data: unknown }).data);
        return new Response();
      },
    });
    closing.push(() => runtime.stop());
    const operations = [{ operation: "upsert", request: { key: "pet", value: "bono" } }];
    const body = JSON.stringify({ operations });
    expect((await runtime.fetch("/v1.0/state/shared/transaction", { method: "POST", body })).status).toBe(
      204,
    );
    await expect.poll(() => told).toEqual(["bono"]);
  });

  test("without a prefix of its own it shares the other app's keys", async () => {
    const sidecar = await remote();
    const runtime = await local("shop", { url: sidecar.url, keyPrefix: "none" });
    await save(runtime, [{ key: "pet", value: "bono" }]);
    expect(await (await fetch(`${sidecar.url}/v1.0/state/statestore/pet`)).text()).toBe('"bono"');
  });

  test("with a prefix of its own the other app finds its keys under a name without the separator", async () => {
    const sidecar = await remote();
    await save(await local("shop", { url: sidecar.url }), [{ key: "a|b", value: 1 }]);
    const path = `/v1.0/state/statestore/${encodeURIComponent("shop|~|a|b")}`;
    expect(await (await fetch(sidecar.url + path)).text()).toBe("1");
  });

  test("a repeated request has one effect where a daprlet answers", async () => {
    const { url } = await remote();
    const runtime = await local("shop", { url });
    const once = { headers: { "daprlet-request-id": "1" } };
    const create = [
      { key: "k", value: 1, options: { concurrency: "first-write" } },
      { key: "l", value: 1 },
    ];
    expect((await save(runtime, create, once)).status).toBe(204);
    await save(runtime, [{ key: "l", value: 2 }]);
    expect((await save(runtime, create, once)).status).toBe(204);
    expect(await (await runtime.fetch("/v1.0/state/shared/l")).text()).toBe("2");
    expect((await save(runtime, create)).status).toBe(409);
  });

  test("a refused transaction writes nothing, and says why", async () => {
    const { url } = await remote();
    const runtime = await local("shop", { url });
    const operations = [
      { operation: "upsert", request: { key: "t2", value: 1 } },
      {
        operation: "upsert",
        request: { key: "k", value: 1, etag: "99", options: { concurrency: "first-write" } },
      },
    ];
    const answer = await runtime.fetch("/v1.0/state/shared/transaction", {
      method: "POST",
      body: JSON.stringify({ operations }),
    });
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({
      errorCode: "ERR_STATE_TRANSACTION",
      message: expect.stringContaining("possible etag mismatch"),
    });
    expect((await runtime.fetch("/v1.0/state/shared/t2")).status).toBe(204);
  });

  test("a query finds the app's own items, page by page among those of others", async () => {
    const queryIndexes = JSON.stringify([{ name: "pets", indexes: [{ key: "kind", type: "TEXT" }] }]);
    const sidecar = await startSidecar({
      appId: "remote",
      logLevel: "error",
      components: [{ name: "statestore", type: "state.in-memory", metadata: { queryIndexes } }],
    });
    closing.push(() => sidecar.stop());
    const [one, other] = [await local("shop", { url: sidecar.url }), await local("b", { url: sidecar.url })];
    const kinds = ["dog", "cat", "dog", "dog"];
    for (const runtime of [other, one]) {
      await save(
        runtime,
        kinds.map((kind, i) => ({ key: `pet-${i}`, value: { kind, by: runtime.sidecar.appId } })),
      );
    }
    const query = async (token?: string) => {
      const answer = await one.fetch("/v1.0-alpha1/state/shared/query", {
        method: "POST",
        body: JSON.stringify({ filter: { EQ: { kind: "dog" } }, page: { limit: 2, token } }),
      });
      return answer.status === 204
        ? { results: [] }
        : ((await answer.json()) as { results: { key: string; data: { by: string } }[]; token?: string });
    };
    const first = await query();
    expect(first.results.map(({ key, data }) => [key, data.by])).toEqual([
      ["pet-0", "shop"],
      ["pet-2", "shop"],
    ]);
    expect((await query(first.token)).results.map(({ key }) => key)).toEqual(["pet-3"]);
  });

  test("the token opens the other sidecar, and is in no error", async () => {
    const { url } = await remote({ apiToken: "the-secret" });
    expect(
      (await save(await local("shop", { url, token: "the-secret" }), [{ key: "k", value: 1 }])).status,
    ).toBe(204);
    const message = await refusal(await local("shop", { url, token: "the-guess" }));
    expect(message).toContain(`the sidecar at ${url} answered 401: it asks for another token`);
    expect(message).not.toContain("the-guess");
  });

  test("a component that the other sidecar does not have is told in its words", async () => {
    const { url } = await remote();
    const message = await refusal(await local("shop", { url, component: "nowhere" }));
    expect(message).toContain("ERR_STATE_STORE_NOT_FOUND: state store nowhere is not found");
  });

  test("a sidecar that is not there: the address, the cause, the remedy", async () => {
    const [port] = await freePorts(1);
    const message = await refusal(await local("shop", { url: `http://127.0.0.1:${port}` }));
    expect(message).toMatch(
      /the sidecar at http:\/\/127\.0\.0\.1:\d+ cannot be reached: .*; start it, or correct/,
    );
  });

  test("a url that leads back to the sidecar itself ends in an error, not in an endless loop", async () => {
    const [port] = (await freePorts(1)) as [number];
    const components = [
      {
        name: "shared",
        type: "state.dapr",
        metadata: { url: `http://127.0.0.1:${port}`, keyPrefix: "none" },
      },
    ];
    const sidecar = await startSidecar({ appId: "loop", port, components, logLevel: "error" });
    closing.push(() => sidecar.stop());
    const answer = await fetch(`${sidecar.url}/v1.0/state/shared/k`);
    expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining("ERR_STATE_GET")]);
  });

  test("a sidecar that does not answer is waited for as long as timeout says", async () => {
    const { url } = await server(() => undefined);
    const message = await refusal(await local("shop", { url, timeout: "30ms" }, "system"));
    expect(message).toContain("did not answer within 30 ms");
  });

  test("a timeout of nothing is refused when it opens", async () => {
    const opening = local("shop", { url: "http://localhost:1", timeout: "0s" });
    await expect(opening).rejects.toThrow(
      "component shared: metadata field timeout: expected a duration above zero",
    );
  });

  test("a redirection is not followed, so that the token goes nowhere else", async () => {
    const there = await server((_, response) => response.writeHead(200).end("1"));
    const here = await server((_, response) => response.writeHead(302, { location: there.url }).end());
    expect(await refusal(await local("shop", { url: here.url, token: "t" }))).toContain("cannot be reached");
    expect([here.asked.length, there.asked.length]).toEqual([1, 0]);
  });

  test("a page of a proxy is not passed on", async () => {
    const { url } = await server((_, response) => response.writeHead(502).end("<h1>the proxy's page</h1>"));
    const message = await refusal(await local("shop", { url }));
    expect(message).toContain("answered 502, which is no answer of Dapr's");
    expect(message).not.toContain("<h1>");
  });

  test.each([
    "localhost:3501",
    "ftp://localhost",
    "http://user:secret@localhost",
    "http://localhost/?a=b",
    "x",
  ])("url %s is refused when it opens, and not shown", async (url) => {
    const opening = local("shop", { url });
    await expect(opening).rejects.toThrow("metadata field url: expected an address such as");
    await expect(opening).rejects.not.toThrow("secret");
  });
});
