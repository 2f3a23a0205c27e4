import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWasm } from "../../host/capability/http-wasm/open-wasm.ts";
import type { ComponentContext } from "../../host/components/component.ts";
import type { HttpMiddleware, Next } from "../../host/components/middleware/middleware.ts";
import { workerThreads } from "../../host/node/capability/worker-threads.ts";
import { receive } from "../../host/node/receive.ts";
import { consoleLog, systemClock } from "../../host/web-platform.ts";
import { kitGuest, kitHeaders, missingKit, runKit } from "./http-wasm-kit.ts";

const backend: Next = async ({ method, path, query, headers }) => ({
  status: 200,
  headers: kitHeaders(method, query === "" ? path : `${path}?${query}`, headers),
  body: undefined,
});

const policy = { hosts: new Set(["127.0.0.1"]), anyAddress: false, origins: new Set<string>() };

describe.skipIf(missingKit !== undefined)("http-wasm's technology compatibility kit", () => {
  let middleware: HttpMiddleware;
  let server: Server;

  beforeAll(async () => {
    const log = consoleLog("error", "kit");
    const open = openWasm({ eager: true, confinement: workerThreads, read: kitGuest });
    const metadata = {
      url: "file:///tck.wasm",
      guestConfig: "",
      strictSandbox: false,
      sha256: undefined,
      maxMemory: 64 << 20,
      timeout: 5_000,
    };
    const context = { name: "kit", platform: { clock: systemClock }, log } as unknown as ComponentContext;
    middleware = await open(metadata, context);
    const handle = (request: Parameters<Next>[0]) => middleware.handle(request, backend);
    server = createServer((request, response) =>
      receive(request, response, {
        policy,
        apiToken: undefined,
        maxBodySize: 4 << 20,
        log,
        handle,
      }),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  afterAll(async () => {
    server.close();
    await middleware.close();
  });

  it("passes", async () => {
    const { port } = server.address() as AddressInfo;
    const { failed, said } = await runKit(`http://127.0.0.1:${port}`);
    expect(failed).toEqual([]);
    expect(said).toContain("--- PASS: TestKit");
  }, 120_000);
});

if (missingKit !== undefined) it.skip(missingKit, () => undefined);
