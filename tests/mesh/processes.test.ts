/** Sidecars as processes of their own, found with nothing configured, and killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freePorts } from "../hosts/free-ports.ts";
import { daprletProgram, node } from "../hosts/node.ts";

let folder: string;
const running: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dp-"));
  mkdirSync(join(folder, "resources"));
  mkdirSync(join(folder, "run"), { mode: 0o700 });
});
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
});

async function app(answer: string): Promise<number> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(request.url?.startsWith("/dapr/") ? 404 : 200).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  running.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function sidecar(appId: string, appPort?: number): Promise<{ port: number; process: ChildProcess }> {
  const [port] = (await freePorts(1)) as [number];
  const flags = [
    "--app-id",
    appId,
    "--dapr-http-port",
    String(port),
    "--resources-path",
    join(folder, "resources"),
  ];
  if (appPort !== undefined) flags.push("--app-port", String(appPort));
  const child = spawn(process.execPath, [daprletProgram, "daprd", ...flags, "--log-level", "error"], {
    env: { ...process.env, XDG_RUNTIME_DIR: join(folder, "run") },
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  running.push(() => {
    child.kill("SIGKILL");
    return ended;
  });
  await expect
    .poll(
      async () => {
        try {
          return (await fetch(`http://127.0.0.1:${port}/v1.0/healthz`)).status;
        } catch {
          return 0;
        }
      },
      { timeout: 10_000, interval: 20 },
    )
    .toBe(204);
  return { port, process: child };
}

describe.skipIf(node.missing !== undefined)("processes of one machine", () => {
  it("forget at once one that was killed, and find the next as soon as it is up", async () => {
    const a = await sidecar("a");
    const ask = async () => {
      const before = performance.now();
      const answer = await fetch(`http://127.0.0.1:${a.port}/v1.0/invoke/b/method/x`);
      return { status: answer.status, text: await answer.text(), ms: performance.now() - before };
    };
    expect((await ask()).text).toContain("couldn't find service: b");
    const [one, two, three] = await Promise.all([app("one"), app("two"), app("three")]);
    const [first] = [await sidecar("b", one), await sidecar("b", two)];
    const seen = new Set<string>();
    for (let i = 0; i < 10; i++) seen.add((await ask()).text);
    expect([...seen].sort()).toEqual(["one", "two"]);

    first.process.kill("SIGKILL");
    await new Promise((resolve) => first.process.once("exit", resolve));
    // What the kernel has to tell of the lost connections arrives within the next turns.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const slow: number[] = [];
    for (let i = 0; i < 10; i++) {
      const { status, text, ms } = await ask();
      expect([status, text]).toEqual([200, "two"]);
      if (ms >= 1_000) slow.push(ms);
    }
    // A busy machine may hold up one call; a dead instance that is waited for would hold up every second one.
    expect(slow.length).toBeLessThanOrEqual(1);

    await sidecar("b", three);
    const after = performance.now();
    await expect.poll(async () => (await ask()).text, { interval: 10 }).toBe("three");
    expect(performance.now() - after).toBeLessThan(2_500);
  }, 60_000);
});
