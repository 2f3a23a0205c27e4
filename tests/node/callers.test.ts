import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { counting, said } from "./door.ts";
import { exchangeBytes, rawRequest } from "./raw-http.ts";

describe("who may call", () => {
  const refused = (answer: { status: number; body: string }) => {
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body)).toMatchObject({ errorCode: "ERR_FORBIDDEN_HOST" });
  };

  it.each([
    ["a rebound name", "GET", ["Host: evil.example:3500"]],
    ["a rebound name with this origin", "POST", ["Host: evil.example", "Origin: http://evil.example"]],
    ["two hosts", "GET", ["Host: localhost", "Host: evil.example"]],
    ["a foreign page", "POST", ["Host: localhost", "Origin: http://evil.example"]],
    ["a page from a file", "POST", ["Host: localhost", "Origin: null"]],
    ["the sidecar's own origin", "POST", ["Host: localhost:3500", "Origin: http://localhost:3500"]],
    ["an image of a foreign page", "GET", ["Host: localhost", "Sec-Fetch-Site: cross-site"]],
    ["a page of another port", "GET", ["Host: localhost", "Sec-Fetch-Site: same-site"]],
    [
      "a foreign preflight",
      "OPTIONS",
      ["Host: localhost", "Origin: http://e", "Access-Control-Request-Method: POST"],
    ],
    [
      "a simple form post",
      "POST",
      ["Host: localhost", "Origin: http://e", "Content-Type: text/plain", "Content-Length: 0"],
    ],
  ])("refuses %s before any effect", async (_, method, headers) => {
    const { port, seen } = await counting();
    refused(await rawRequest(port, `${method} /v1.0/state/s`, headers as string[]));
    expect(seen).toEqual([]);
  });

  it.each([
    ["a program", ["Host: localhost:1234"]],
    ["a program that names the address", ["Host: 127.0.0.1"]],
    ["a person at the address bar", ["Host: localhost", "Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate"]],
    ["Node's fetch", ["Host: [::1]:3500", "Sec-Fetch-Mode: cors"]],
  ])("lets %s in", async (_, headers) => {
    const { port } = await counting();
    expect((await rawRequest(port, "GET /v1.0/healthz", headers as string[])).status).toBe(200);
  });

  it("lets any caller in that carries the API token, as a proxy of the app does", async () => {
    const { port } = await counting({ apiToken: "t" });
    const headers = ["Host: sidecar:3500", "Origin: http://localhost:5173"];
    expect((await rawRequest(port, "GET /", [...headers, "dapr-api-token: t"])).status).toBe(200);
    refused(await rawRequest(port, "GET /", [...headers, "dapr-api-token: wrong"]));
    refused(await rawRequest(port, "GET /", [...headers, "x: dapr-api-token", "y: t"]));
  });

  it("never logs or answers more of a refused request than its name", async () => {
    const { port } = await counting();
    said.length = 0;
    const answer = await rawRequest(port, "POST /v1.0/state/s?q=secret-query", [
      "Host: evil.example",
      "x-secret: secret-header",
    ]);
    expect(`${said.join()} ${answer.body}`).not.toMatch(/secret/);
    expect(said.join()).toMatch(/evil\.example/);
  });
});

describe("CORS, where origins are configured", () => {
  const preflight = (port: number, origin: string) =>
    rawRequest(port, "OPTIONS /v1.0/state/s", [
      "Host: localhost",
      `Origin: ${origin}`,
      "Access-Control-Request-Method: POST",
      "Access-Control-Request-Headers: content-type, x-a",
    ]);

  it("answers an allowed preflight itself, and lets the call through with its grant", async () => {
    const { port, seen } = await counting({ origins: "http://ok.example,http://two.example" });
    const asked = await preflight(port, "http://ok.example");
    expect(asked.status).toBe(200);
    expect(asked.headers.get("access-control-allow-origin")).toBe("http://ok.example");
    expect(asked.headers.get("access-control-allow-methods")).toBe("POST");
    expect(asked.headers.get("access-control-allow-headers")).toBe("content-type, x-a");
    expect(seen).toEqual([]);
    const called = await rawRequest(port, "POST /", ["Host: localhost", "Origin: http://two.example"]);
    expect([
      called.status,
      called.headers.get("access-control-allow-origin"),
      called.headers.get("vary"),
    ]).toEqual([200, "http://two.example", "Origin"]);
    const foreign = await preflight(port, "http://ok.example.evil");
    expect([foreign.status, foreign.headers.has("access-control-allow-origin")]).toEqual([403, false]);
  });

  it("a star is for every page", async () => {
    const { port } = await counting({ origins: "*" });
    expect((await preflight(port, "null")).headers.get("access-control-allow-origin")).toBe("*");
    const called = await rawRequest(port, "GET /", ["Host: localhost", "Origin: https://any.example"]);
    expect([called.status, called.headers.get("access-control-allow-origin")]).toEqual([200, "*"]);
  });

  it("does not answer a preflight without the token in any other way", async () => {
    const { port } = await counting({ origins: "http://ok.example", apiToken: "t" });
    expect((await preflight(port, "http://ok.example")).status).toBe(200);
  });
});

describe("bad callers", () => {
  it("answers 431 to a flood of headers, in one field or in many, and lives on", async () => {
    const { port, seen } = await counting();
    const one = await exchangeBytes(
      port,
      `GET / HTTP/1.1\r\nHost: localhost\r\nx: ${"a".repeat(20_000)}\r\n\r\n`,
    );
    expect(one).toMatch(/^HTTP\/1\.1 431 /);
    const many = Array.from({ length: 3_000 }, (_, i) => `x-${i}: ${i}`).join("\r\n");
    expect(await exchangeBytes(port, `GET / HTTP/1.1\r\nHost: localhost\r\n${many}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
    expect(seen).toEqual([]);
    expect((await rawRequest(port, "GET /", ["Host: localhost"])).status).toBe(200);
  });

  it.each([
    "GARBAGE\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nx : y\r\n\r\n",
  ])("answers 400 to what is ambiguous: %j", async (text) => {
    const { port, seen } = await counting();
    expect(await exchangeBytes(port, text)).toMatch(/^HTTP\/1\.1 400 /);
    expect(seen).toEqual([]);
  });

  it("survives callers that leave in the middle", async () => {
    const { port } = await counting();
    for (const part of ["POST / HT", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc"]) {
      const socket = connect(port, "127.0.0.1");
      await new Promise<void>((resolve) => socket.write(part, () => resolve()));
      socket.destroy();
    }
    expect((await rawRequest(port, "GET /", ["Host: localhost"])).status).toBe(200);
  });
});
