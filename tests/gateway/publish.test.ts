import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Gateway, missingWasmtime, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow, pubsubRow, upstreamRow } from "./gateway-table.ts";

interface Taken {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe.skipIf(missingWasmtime !== undefined)("publishing through a gateway", () => {
  let sidecar: Server;
  let gateway: Gateway;
  let status = 204;
  const taken: Taken[] = [];
  const publish = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}/v1.0/publish/${path}`, { method: "POST", body, headers });

  beforeAll(async () => {
    sidecar = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      taken.push({ url: request.url, headers: request.headers, body });
      response.statusCode = status;
      response.end(status === 204 ? undefined : '{"errorCode":"ERR_PUBSUB_NOT_FOUND"}');
    });
    await new Promise<void>((resolve) => sidecar.listen(0, "127.0.0.1", resolve));
    const { port } = sidecar.address() as AddressInfo;
    const upstream = { protocol: 1, transport: 1 } as const;
    gateway = await startGateway(
      {
        remotes: [
          appRow("events", [upstreamRow({ ...upstream, port })]),
          appRow("away", [upstreamRow({ ...upstream, port: 1 })]),
        ],
        pubsubs: [pubsubRow("pubsub", 0, { component: "events there" }), pubsubRow("away", 1)],
      },
      { variant: "http+folder" },
    );
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    sidecar?.close();
  });
  beforeEach(() => {
    taken.length = 0;
    status = 204;
  });

  it("frames an event in the gateway's name, and is answered once the sidecar has it", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const answer = await publish("pubsub/a%20topic/b", '{"n":1}', {
      "content-type": "application/json",
      "daprlet-request-id": "7",
      traceparent,
    });
    expect([answer.status, await answer.text()]).toEqual([204, ""]);
    const [sent] = taken;
    expect(sent?.url).toBe("/v1.0/publish/events%20there/a%20topic%2Fb");
    expect(sent?.headers["content-type"]).toBe("application/cloudevents+json");
    // Another caller's is another one.
    expect(sent?.headers["daprlet-request-id"]).toBe("gateway/7");
    expect(JSON.parse(sent?.body as string)).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      source: "gateway",
      specversion: "1.0",
      type: "com.dapr.event.sent",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      datacontenttype: "application/json",
      topic: "a topic/b",
      pubsubname: "pubsub",
      traceid: traceparent,
      traceparent,
      tracestate: "",
      data: { n: 1 },
    });
    const { time } = JSON.parse(sent?.body as string) as { time: string };
    expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(5000);
  });

  it("takes text, bytes and the attributes that the query gives", async () => {
    await publish(
      "pubsub/t?metadata.cloudevent.id=7&metadata.cloudevent.source=me&metadata.ttlInSeconds=60",
      'say "é"',
      {
        "content-type": "text/plain",
      },
    );
    await publish("pubsub/t", "\u0001\u0002\u0003", { "content-type": "application/octet-stream" });
    const large = "z\n".repeat(40_000);
    await publish("pubsub/t", large, { "content-type": "text/plain" });
    const [text, bytes, long] = taken.map(({ body }) => JSON.parse(body) as Record<string, string>);
    expect(text).toMatchObject({ id: "7", source: "me", data: 'say "é"', datacontenttype: "text/plain" });
    expect(Date.parse(text?.expiration as string)).toBeGreaterThan(Date.now() + 50_000);
    expect(bytes?.data_base64).toBe("AQID");
    expect(long?.data).toBe(large);
  });

  it("passes on what is an event already, what is raw, and many at once", async () => {
    const event = '{"specversion":"1.0","id":"1","type":"t","source":"s"}';
    await publish("pubsub/t", event, { "content-type": "application/cloudevents+json" });
    await publish("pubsub/t?metadata.rawPayload=true", "raw");
    await publish("bulk/pubsub/t", "[]", { "content-type": "application/json" });
    expect(taken.map(({ url, body }) => [url, body])).toEqual([
      ["/v1.0/publish/events%20there/t", event],
      ["/v1.0/publish/events%20there/t?metadata.rawPayload=true", "raw"],
      ["/v1.0/publish/bulk/events%20there/t", "[]"],
    ]);
  });

  it("takes the book's form for the only pub/sub, unless it calls an app", async () => {
    const { port } = sidecar.address() as AddressInfo;
    const single = await startGateway(
      {
        remotes: [appRow("events", [upstreamRow({ protocol: 1, transport: 1, port })])],
        pubsubs: [pubsubRow("pubsub", 0)],
      },
      { variant: "http+folder" },
    );
    try {
      const post = (topic: string, headers = {}) =>
        single.fetch(`/v1.0/publish/${topic}`, { method: "POST", body: "x", headers });
      expect((await post("A")).status).toBe(204);
      expect([taken[0]?.url, JSON.parse(taken[0]?.body as string).topic]).toEqual([
        "/v1.0/publish/pubsub/A",
        "A",
      ]);
      expect((await post("pubsub")).errorCode).toBe("ERR_TOPIC_NAME_EMPTY");
      expect((await post("A", { "dapr-app-id": "nobody" })).errorCode).toBe("ERR_DIRECT_INVOKE");
    } finally {
      await single.stop();
    }
  });

  it("passes on what Go takes for true as raw, and leaves what is no boolean to the sidecar", async () => {
    for (const [value, isRaw] of [
      ["1", true],
      ["T", true],
      ["perhaps", true],
      ["False", false],
      ["0", false],
      ["", false],
    ] as const) {
      await publish(`pubsub/t?metadata.RAWPAYLOAD=${value}`, "raw");
      expect([value, taken.at(-1)?.body === "raw"]).toEqual([value, isRaw]);
    }
  });

  it("acknowledges nothing that was not taken over", async () => {
    status = 404;
    expect((await publish("pubsub/t", "x")).status).toBe(404);
    const away = await publish("away/t", "x");
    expect(away.status).toBe(500);
    expect(await away.json()).toMatchObject({
      errorCode: "ERR_PUBSUB_PUBLISH_MESSAGE",
      message: expect.stringContaining("error when publishing to topic t in pubsub away: "),
    });
    const unknown = await publish("nopubsub/t", "x");
    expect([unknown.status, (await unknown.json()).errorCode]).toEqual([404, "ERR_PUBSUB_NOT_FOUND"]);
  });
});
