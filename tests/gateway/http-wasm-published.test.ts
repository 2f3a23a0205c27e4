import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kitGuest, kitHeaders, missingKit, runKit } from "../capability/http-wasm-kit.ts";
import { request } from "../capability/opened-http-wasm.ts";
import { missing, published, publishedBytes } from "../capability/published-guests.ts";
import type { Gateway } from "../hosts/wasmtime-host.ts";
import { underWasmtime } from "./gateways.ts";
import { serveGuests } from "./http-wasm-gateway.ts";

async function listening(
  listener: RequestListener,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}

/** As many as one gateway has, with an app for each. */
const each = 10;
const shares = [published.slice(0, each), published.slice(each)];

describe.skipIf(missing.length > 0)("in a gateway", () => {
  for (const [part, share] of shares.entries()) {
    underWasmtime(`published guests of http-wasm (${part + 1})`, () => {
      let server: Server;
      let gateway: Gateway;
      beforeAll(async () => {
        const target = await listening(async (asked, response) => {
          const body = await bodyOf(asked);
          const type = asked.headers["content-type"];
          const shown = type === undefined ? "" : `content-type: ${type}`;
          response.writeHead(201, { "content-type": "text/plain", "x-next": "1" });
          response.end([`${asked.method} ${asked.url}`, shown, body].join("\n"));
        });
        server = target.server;
        const bytes = await Promise.all(
          share.map(async (row, i) => [`g${i}`, await publishedBytes(row.guest)] as const),
        );
        const steps = share.map(({ config = "" }, i) => ({
          name: `g${i}`,
          metadata: { guestConfig: config, maxMemory: "16Mi", onlyFor: `/v1.0/invoke/app-${i}/**` },
        }));
        const url = `http://127.0.0.1:${target.port}`;
        const apps = share.map((_, i) => ({ id: `app-${i}`, url, transport: "outgoing" }));
        gateway = await serveGuests(steps, Object.fromEntries(bytes), target.port, {
          reused: true,
          spec: { apps },
        });
      }, 60_000);
      afterAll(async () => {
        await gateway?.stop();
        server?.close();
      });

      it.each(share.map((row, i) => [`${row.guest} ${row.does}`, row, i] as const))(
        "%s",
        async (_, row, i) => {
          const { method, path, query, headers, body } = request(row.given);
          const given: Record<string, string> = { "dapr-app-id": `app-${i}` };
          for (let at = 0; at < headers.length; at += 2)
            if (!["host", "content-length"].includes(headers[at] as string))
              given[headers[at] as string] = headers[at + 1] as string;
          const answer = await gateway.fetch(`${path}?${query}`, {
            method,
            headers: given,
            ...(body instanceof Uint8Array && { body }),
          });
          expect([answer.status, answer.text]).toEqual([row.status, expect.stringContaining(row.says)]);
          const [line] = row.lines ?? [];
          if (line !== undefined)
            await expect
              .poll(() => gateway.said())
              .toContain(
                `capability g${i}: ${line.replace(/^\w+: /, (level) => (level === "info: " ? "" : level))}`,
              );
        },
      );
    });
  }
});

describe.skipIf(missingKit !== undefined)("in a gateway", () => {
  underWasmtime("http-wasm's technology compatibility kit", () => {
    let server: Server;
    let gateway: Gateway;
    beforeAll(async () => {
      const target = await listening((asked, response) => {
        const { method = "", url = "", rawHeaders } = asked;
        asked.resume();
        response.writeHead(200, [...kitHeaders(method, url, rawHeaders)]).end();
      });
      server = target.server;
      gateway = await serveGuests([{ name: "kit" }], { kit: await kitGuest() }, target.port, {
        reused: true,
        spec: { routes: [{ path: "/", app: "app" }] },
      });
    }, 60_000);
    afterAll(async () => {
      await gateway?.stop();
      server?.close();
    });

    it("passes, but for what a gateway is not told, and the one spelling that it gives a path", async () => {
      const { said } = await runKit(gateway.url);
      expect(said.match(/--- FAIL: TestKit\S+/g)).toEqual([
        "--- FAIL: TestKit/set_uri/simple/escaping",
        "--- FAIL: TestKit/get_source_addr",
      ]);
      expect(said.match(/--- PASS: TestKit\S+/g)?.length).toBeGreaterThan(30);
    }, 60_000);
  });
});
