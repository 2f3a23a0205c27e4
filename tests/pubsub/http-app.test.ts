import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { inMemoryPubSub } from "../../host/components/pubsub/in-memory.ts";
import { createRuntime } from "../../host/node/create-runtime.ts";
import { httpChannel } from "../../host/node/http-channel.ts";
import type { Runtime } from "../../host/runtime.ts";
import { systemClock } from "../../host/web-platform.ts";
import { component } from "./sidecar.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const subscriptions = JSON.stringify([
  { pubsubname: "messagebus", topic: "t", route: "t", deadLetterTopic: "dead" },
  { pubsubname: "messagebus", topic: "dead", route: "dead" },
]);

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += chunk;
  return body;
}

/** An app on a port that can be killed, with every connection it has, and started again on the same port. */
class HttpApp {
  readonly consumed: number[] = [];
  readonly tokens = new Set<string | undefined>();
  dead = 0;
  #server: Server | undefined;
  #port = 0;

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const server = createServer(async (request, response) => {
      const body = await bodyOf(request);
      this.tokens.add(request.headers["dapr-api-token"] as string | undefined);
      if (request.url === "/dapr/subscribe") return void response.end(subscriptions);
      if (request.url === "/dapr/config") return void response.writeHead(404).end();
      if (request.url === "/dead") this.dead++;
      await new Promise((resolve) => setTimeout(resolve, 2));
      // What is killed before it answered has not consumed its event.
      if (this.#server !== server) return void response.destroy();
      this.consumed.push(JSON.parse(body).data);
      response.end('{"status":"SUCCESS"}');
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
  }

  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  }
}

function publish(runtime: Runtime, n: number) {
  return runtime.handle({
    method: "POST",
    path: "/v1.0/publish/messagebus/t",
    query: "",
    headers: ["content-type", "application/json"],
    body: new TextEncoder().encode(String(n)),
  });
}

describe("an app on a port", () => {
  const app = new HttpApp();
  let runtime: Runtime | undefined;

  afterEach(async () => {
    await runtime?.stop();
    await app.kill();
  });

  it("loses no event, and has none dead-lettered, while it is killed and started under load", async () => {
    await app.start();
    const channel = httpChannel({
      port: app.port,
      apiToken: "the-app-secret",
      clock: systemClock,
      log: silent,
    });
    const metadata = { redeliverInterval: "20ms", maxRedeliverInterval: "200ms" };
    runtime = await createRuntime({
      registry: { state: [], pubsub: [inMemoryPubSub()] },
      components: [component("messagebus", metadata)],
      app: channel,
      clock: systemClock,
      log: silent,
    });
    await runtime.appReady;
    const total = 600;
    for (let n = 0; n < total; n++) {
      const { status } = await publish(runtime, n);
      expect(status).toBe(204);
      if (n % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
      if (n % 150 === 75) {
        await app.kill();
        await new Promise((resolve) => setTimeout(resolve, 30));
        await app.start();
      }
    }
    await expect.poll(() => new Set(app.consumed).size, { timeout: 10_000 }).toBe(total);
    expect([...new Set(app.consumed)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: total }, (_, n) => n),
    );
    expect(app.dead).toBe(0);
    expect([...app.tokens]).toEqual(["the-app-secret"]);
  });

  it("gets what waited as soon as it is back, however long its back-off", async () => {
    await app.start();
    const channel = httpChannel({ port: app.port, clock: systemClock, log: silent });
    const metadata = { redeliverInterval: "1h", maxRedeliverInterval: "1h" };
    runtime = await createRuntime({
      registry: { state: [], pubsub: [inMemoryPubSub()] },
      components: [component("messagebus", metadata)],
      app: channel,
      clock: systemClock,
      log: silent,
    });
    await runtime.appReady;
    await app.kill();
    app.consumed.length = 0;
    for (const n of [1, 2, 3]) await publish(runtime, n);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(app.consumed).toEqual([]);
    await app.start();
    await expect.poll(() => app.consumed, { timeout: 3_000 }).toEqual([1, 2, 3]);
  });
});
