import { existsSync, readFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow } from "./gateway-table.ts";
import { plainUpstream, underWasmtime } from "./gateways.ts";

/** `GATEWAY_MEGABYTES=1024` streams a gigabyte. */
const size = Number(process.env.GATEWAY_MEGABYTES ?? 48) * 2 ** 20;

function* chunks(): Generator<Buffer> {
  const chunk = Buffer.alloc(65_536, "x");
  for (let left = size; left > 0; left -= chunk.length) yield chunk;
}

underWasmtime("bodies larger than any memory should be", () => {
  let server: Server;
  let gateway: Gateway;
  beforeAll(async () => {
    server = createServer(async (call, answer) => {
      if (call.method === "GET") return void pipeline(Readable.from(chunks()), answer);
      let received = 0;
      for await (const chunk of call) received += (chunk as Buffer).length;
      answer.end(String(received));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    gateway = await startGateway({ maxBody: 0, apps: [appRow("large", [plainUpstream(port)])] });
    await gateway.fetch("/v1.0/healthz");
  }, 30_000);
  afterAll(async () => {
    await gateway?.stop();
    server?.closeAllConnections();
    server?.close();
  });

  /** The most that the process ever had; told by Linux alone. */
  const megabytes = () => {
    const status = `/proc/${gateway.pid}/status`;
    return existsSync(status) ? Number(/VmHWM:\s+(\d+)/.exec(readFileSync(status, "utf8"))?.[1]) / 1024 : 0;
  };

  /** Bytes of the answer, and its text where that is short. */
  const exchange = (method: string) =>
    new Promise<{ length: number; text: string }>((resolve, reject) => {
      const path = "/v1.0/invoke/large/method/x";
      const call = request({ host: "127.0.0.1", port: gateway.port, method, path }, async (answer) => {
        const found = { length: 0, text: "" };
        for await (const chunk of answer) {
          found.length += (chunk as Buffer).length;
          if (found.length < 100) found.text += String(chunk);
        }
        resolve(found);
      });
      call.on("error", reject);
      if (method === "GET") call.end();
      else pipeline(Readable.from(chunks()), call).catch(reject);
    });

  it("pass both ways in the same few megabytes", async () => {
    const before = megabytes();
    expect((await exchange("GET")).length).toBe(size);
    expect((await exchange("POST")).text).toBe(String(size));
    expect(megabytes() - before).toBeLessThan(24);
  }, 60_000);
});
