import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { afterEach, expect, it } from "vitest";
import { FakeClock } from "../../fake-clock.ts";
import { readBody } from "../../http.ts";
import { consoleLog, webPlatform } from "../../web-platform.ts";
import { nodeHttpExchange } from "./http-exchange.ts";

const clock = new FakeClock();
const platform = { ...webPlatform(consoleLog("error", "test")), clock };
const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

const echo = (request: IncomingMessage, response: ServerResponse) => {
  const { method, url, headers } = request;
  response.end(
    JSON.stringify([method, url, headers.authorization, headers["x-kept"], headers["content-type"]]),
  );
};
const send = async (url: string, method: string, body?: string, secret?: string) => {
  const exchange = nodeHttpExchange(platform);
  const { status, body: answer } = await exchange.send({
    method,
    url,
    headers: [
      "authorization",
      "secret",
      "x-kept",
      "yes",
      ...(body === undefined ? [] : ["content-type", "text/x"]),
    ],
    body: body === undefined ? undefined : new TextEncoder().encode(body),
    signal: undefined,
    secret,
  });
  const text = new TextDecoder().decode(await readBody(answer));
  await exchange.close();
  return [status, text === "" ? "" : JSON.parse(text)];
};

it.each([
  [301, "GET", "GET", "secret"],
  [302, "POST", "GET", "secret"],
  [303, "PUT", "GET", "secret"],
  [307, "POST", "POST", "secret"],
  [308, "PUT", "PUT", "secret"],
])("follows a %i of %s with %s", async (status, method, then, authorization) => {
  const url = await serve((request, response) => {
    if (request.url === "/to?a=b") return echo(request, response);
    request.resume();
    response.writeHead(status, { location: "to?a=b" }).end("moved");
  });
  const body = method === "GET" ? undefined : "body";
  const type = then === "GET" ? null : "text/x";
  expect(await send(`${url}/from`, method, body)).toEqual([
    200,
    [then, "/to?a=b", authorization, "yes", type],
  ]);
});

it("keeps what proves the caller from another server, and gives up after ten redirects", async () => {
  const other = await serve(echo);
  const url = await serve((request, response) => {
    response.writeHead(302, { location: request.url === "/away" ? `${other}/x` : "/again" }).end();
  });
  expect(await send(`${url}/away`, "GET")).toEqual([200, ["GET", "/x", null, "yes", null]]);
  expect(await send(`${url}/away`, "GET", undefined, "x-kept")).toEqual([
    200,
    ["GET", "/x", null, null, null],
  ]);
  expect(await send(`${url}/again`, "GET")).toEqual([302, ""]);
});

it("ends although a server never answers", async () => {
  let asked = () => {};
  const arrived = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const url = await serve(() => asked());
  const exchange = nodeHttpExchange(platform);
  const request = { method: "GET", url, headers: [], body: undefined, signal: undefined };
  const failed = expect(exchange.send(request)).rejects.toThrow();
  await arrived;
  const closing = exchange.close();
  await clock.advance(5_000);
  await Promise.all([closing, failed]);
});
