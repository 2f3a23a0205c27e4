import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWasm } from "../../host/capability/http-wasm/open-wasm.ts";
import type { ComponentContext } from "../../host/components/component.ts";
import type { HttpMiddleware, Next } from "../../host/components/middleware/middleware.ts";
import { workerThreads } from "../../host/node/capability/worker-threads.ts";
import { receive } from "../../host/node/receive.ts";
import { consoleLog, systemClock } from "../../host/web-platform.ts";
import { goModule, offlineGo } from "../go-module.ts";

const run = promisify(execFile);

/** http-wasm's own kit: a guest, and requests whose answers show what the guest got of its host. It is in Go. */
const kit = "github.com/http-wasm/http-wasm-host-go";
const version = "v0.7.0";

const folder = await goModule(kit, version);

/** What the kit wants behind the guest: it answers with what it was asked. */
const backend: Next = async ({ method, path, query, headers }) => {
  const seen = [
    "x-httpwasm-next-method",
    method,
    "x-httpwasm-next-uri",
    query === "" ? path : `${path}?${query}`,
  ];
  const counts = new Map<string, number>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    seen.push(`x-httpwasm-next-header-${name}-${count}`, headers[i + 1] as string);
  }
  return { status: 200, headers: seen, body: undefined };
};

const policy = { hosts: new Set(["127.0.0.1"]), anyAddress: false, origins: new Set<string>() };

const program = `package kit

import (
	"net/http"
	"os"
	"testing"

	"${kit}/tck"
)

func TestKit(t *testing.T) { tck.Run(t, http.DefaultClient, os.Getenv("KIT_URL")) }
`;

describe.skipIf(folder === undefined)("http-wasm's technology compatibility kit", () => {
  let middleware: HttpMiddleware;
  let server: Server;
  let place: string;

  beforeAll(async () => {
    const log = consoleLog("error", "kit");
    const open = openWasm({
      eager: true,
      confinement: workerThreads,
      read: async () => new Uint8Array(await readFile(join(folder as string, "tck/tck.wasm"))),
    });
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
    place = await mkdtemp(join(tmpdir(), "daprlet-kit-"));
    await writeFile(join(place, "go.mod"), `module kit\n\ngo 1.20\n\nrequire ${kit} ${version}\n`);
    await writeFile(join(place, "kit_test.go"), program);
  });

  afterAll(async () => {
    server.close();
    await middleware.close();
    await rm(place, { recursive: true, force: true });
  });

  it("passes", async () => {
    const { port } = server.address() as AddressInfo;
    const env = { ...offlineGo, KIT_URL: `http://127.0.0.1:${port}` };
    const { stdout } = await run("go", ["test", "-v", "-timeout", "60s", "./..."], { cwd: place, env }).catch(
      (error: { stdout: string; stderr: string }) => error,
    );
    expect(stdout.match(/--- FAIL.*|assertion failed.*|\.go:\d+:.*/g) ?? []).toEqual([]);
    expect(stdout).toContain("--- PASS: TestKit");
  }, 120_000);
});

if (folder === undefined)
  it.skip(`the kit is left out: Go, or ${kit} ${version} in its module cache, is not there`, () => undefined);
