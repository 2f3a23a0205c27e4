import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Needs } from "../../host/capability/manifest.ts";
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import { noNeeds } from "../../host/capability/read-needs.ts";
import { admitPackage } from "../../host/gateway/packages/admit-package.ts";
import { guest, saying, watPackage } from "../capability/wat-package.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow } from "./gateway-table.ts";
import { plainUpstream, underWasmtime } from "./gateways.ts";

const openapi = {
  paths: {
    "/run/{key}": {
      post: {
        operationId: "run",
        parameters: [
          { name: "key", in: "path", required: true, schema: { type: "string" } },
          { name: "x-size", in: "header", schema: { type: "integer" } },
        ],
      },
    },
  },
};
const local = saying(encodeMessage({ kind: messageKind.answer, fields: [textField(":body", "local")] }));
const status = (code: string) =>
  saying(encodeMessage({ kind: messageKind.answer, fields: [textField(":status", code)] }));
const loops = guest({ handle: "(loop $l (br $l)) (i64.const 0)" });

/** What is asked, and what answers there. */
interface Asked {
  readonly url: string | undefined;
  readonly method: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}
let server: Server;
let origin: string;
let asked: Asked[];
let behaves: RequestListener;
const answers: RequestListener = (_, response) => response.end("remote");

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const { url, method, headers } = request;
    asked.push({ url, method, headers, body });
    behaves(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  asked = [];
  behaves = answers;
});

let gateway: Gateway;

/** A gateway with one package of these sources; `REMOTE` stands for the server. */
async function started(
  sources: readonly object[],
  {
    wat = local,
    prefer,
    needs = {},
  }: { wat?: string; prefer?: "local" | "remote"; needs?: Partial<Needs> } = {},
): Promise<void> {
  const from = sources.map((one) => JSON.parse(JSON.stringify(one).replace("REMOTE", origin)) as object);
  const own = await admitPackage(
    watPackage("detect", wat, {
      offers: [{ kind: "http", openapi, sources: from }],
      needs: { fetch: [origin], invoke: [{ app: "helper" }] },
      limits: { timeMs: 1_000, answer: "64Ki" },
    }),
    {
      needs: { ...noNeeds, fetch: [origin], invoke: [{ app: "helper" }], ...needs } as Needs,
      limits: {},
      prefer,
    },
    "gateway.yaml",
  );
  const apps = [appRow("helper", [plainUpstream((server.address() as AddressInfo).port)])];
  gateway = await startGateway({ apps }, { packages: [own], reused: true });
}

async function call(path = "/v1/capabilities/detect/run/a%20b?as=rectangles") {
  const answer = await gateway.fetch(path, {
    method: "POST",
    body: "picture",
    headers: { "content-type": "image/png", "x-size": "3", authorization: "Bearer mine", cookie: "a=b" },
  });
  return { status: answer.status, from: answer.header("daprlet-capability-source"), text: answer.text };
}

const remote = { remote: "REMOTE/v2" };
const own = { module: "main" };

underWasmtime("sources of an offer at a gateway", () => {
  afterEach(() => gateway.stop());

  it("are asked in their order, and told no more than the description names", async () => {
    await started([remote, own]);
    expect(await call()).toEqual({ status: 200, from: "remote", text: "remote" });
    const [seen] = asked;
    expect(seen).toMatchObject({ url: "/v2/run/a%20b?as=rectangles", method: "POST", body: "picture" });
    expect(seen?.headers).toMatchObject({ "content-type": "image/png", "x-size": "3" });
    expect(Object.keys(seen?.headers ?? {})).not.toEqual(expect.arrayContaining(["authorization"]));
    expect(seen?.headers).not.toHaveProperty("cookie");
  });

  it.each<[string, RequestListener]>([
    ["breaks off", (_, response) => response.destroy()],
    ["fails", (_, response) => response.writeHead(500).end("no")],
    ["has had enough", (_, response) => response.writeHead(429).end("no")],
    ["leads elsewhere", (_, response) => response.writeHead(302, { location: "https://evil.example" }).end()],
    ["answers more than its limit", (_, response) => response.end("x".repeat(70_000))],
  ])("give way where one %s, for a while", async (_, does) => {
    behaves = does;
    await started([remote, own]);
    expect(await call()).toEqual({ status: 200, from: "module", text: "local" });
    for (let i = 0; i < 8; i++) expect((await call()).from).toBe("module");
    // Each instance asks once.
    expect(asked.length).toBeLessThan(4);
  });

  it("are not asked about what they let be kept, each body and path by itself", async () => {
    behaves = (_, response) => response.writeHead(200, { "cache-control": "max-age=60" }).end("remote");
    // One instance, which a wasmtime has for one call after the other.
    await started([remote, own]);
    await call();
    await expect.poll(async () => (await call()).from).toBe("remote; cached");
    const before = asked.length;
    expect(await call()).toEqual({ status: 200, from: "remote; cached", text: "remote" });
    expect(asked).toHaveLength(before);
    behaves = (_, response) => response.writeHead(500).end("no");
    expect((await call("/v1/capabilities/detect/run/other?as=rectangles")).from).toBe("module");
  });

  it("are answered for by what they let be used when they fail", async () => {
    behaves = (_, response) =>
      response.writeHead(200, { "cache-control": "max-age=0, stale-if-error=60" }).end("remote");
    await started([remote]);
    for (let i = 0; i < 8; i++) expect((await call()).from).toBe("remote");
    behaves = (_, response) => response.writeHead(503).end("no");
    await expect.poll(call).toEqual({ status: 200, from: "remote; cached", text: "remote" });
  });

  it("give way where one is late", async () => {
    behaves = () => {};
    await started([{ ...remote, withinMs: 200 }, own]);
    expect(await call()).toMatchObject({ status: 200, from: "module" });
  });

  it.each<[string, string]>([
    ["answers with an error of its own", status("500")],
    ["says that it is too much", status("429")],
    ["goes on beyond its time", loops],
    ["traps", guest({ handle: "unreachable" })],
    ["answers what is none", guest({ handle: "(i64.const -1)" })],
  ])("lead from a module that %s to a remote API", async (_, wat) => {
    await started([own, remote], { wat });
    expect(await call()).toEqual({ status: 200, from: "remote", text: "remote" });
    expect((await call()).status).toBe(200);
  });

  it("may be another app, without a module", async () => {
    await started([{ app: "helper" }], { wat: local });
    expect(await call()).toEqual({ status: 200, from: "app", text: "remote" });
    expect(asked[0]).toMatchObject({ url: "/run/a%20b?as=rectangles", method: "POST", body: "picture" });
    expect(asked[0]?.headers).toMatchObject({ "content-type": "image/png", "x-size": "3" });
  });

  it("come first as the user prefers", async () => {
    await started([remote, own], { prefer: "local" });
    expect((await call()).from).toBe("module");
  });

  it("tell of the last one that fails", async () => {
    behaves = (_, response) => response.destroy();
    await started([remote]);
    const { status, text } = await call();
    expect([status, JSON.parse(text)]).toMatchObject([
      503,
      {
        errorCode: "ERR_CAPABILITY_UNAVAILABLE",
        message: expect.stringMatching(/^capability detect cannot answer: /),
      },
    ]);
    behaves = (_, response) => response.writeHead(500).end("no");
    expect(await call()).toEqual({ status: 500, from: "remote", text: "no" });
  });
});

describe("a gateway's file", () => {
  it("is not made where nobody can be asked", async () => {
    const made = (sources: object[], changes = {}) =>
      admitPackage(
        watPackage("detect", local, { offers: [{ kind: "http", openapi, sources }], ...changes }),
        undefined,
        "gateway.yaml",
      );
    await expect(made([{ remote: "https://a.example" }])).rejects.toThrow(
      /nobody answers its offer \S+: https:\/\/a\.example was not granted/,
    );
    await expect(made([{ container: "x/y", port: 80 }])).rejects.toThrow("this host runs no containers");
    const { remarks } = await made([{ remote: "https://a.example" }, own]);
    expect(remarks).toEqual([expect.stringContaining("asks to fetch from https://a.example, and is not")]);
  });
});
