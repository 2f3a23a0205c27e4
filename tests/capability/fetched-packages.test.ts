import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { saying, watPackage } from "./wat-package.ts";

let kept: string;
let server: Server;
let address: string;
const files = new Map<string, string | Uint8Array>();
let asked: string[];
let runtime: LocalRuntime | undefined;

beforeEach(async () => {
  kept = mkdtempSync(join(tmpdir(), "daprlet-kept-"));
  asked = [];
  server = createServer(({ url = "" }, response) => {
    asked.push(url);
    const file = files.get(url);
    response.writeHead(file === undefined ? 404 : 200).end(file);
  });
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/greeter`;
});
afterEach(async () => {
  await runtime?.stop(0);
  server.close();
  rmSync(kept, { recursive: true, force: true });
});

async function publish(version: string, changes: object = {}): Promise<void> {
  const answer = encodeMessage({ kind: messageKind.answer, fields: [textField(":body", version)] });
  const { manifest, read } = watPackage("greeter", saying(answer), { version, ...changes });
  files.set("/greeter/capability.json", JSON.stringify(manifest));
  files.set("/greeter/main.wasm", await read("main.wasm"));
}

/** A sidecar anew, with what its package answers. */
async function started(): Promise<() => Promise<string>> {
  await runtime?.stop(0);
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const one = await createRuntime({ capabilities: { paths: [address], kept }, log });
  runtime = one;
  return async () => {
    const response = await one.fetch("/v1.0/capabilities/greeter/run", { method: "POST" });
    return response.status === 200 ? await response.text() : `${response.status}`;
  };
}

it("a package that is named by its address is fetched once, kept, and fetched anew where it has changed", async () => {
  await publish("1.0.0");
  expect(await (await started())()).toBe("1.0.0");
  expect(asked).toContain("/greeter/main.wasm");
  asked = [];
  const again = await started();
  expect(await again()).toBe("1.0.0");
  await vi.waitFor(() => expect(asked).toEqual(["/greeter/capability.json"]), 10_000);
  await publish("2.0.0");
  const later = await started();
  await vi.waitFor(async () => expect(await later()).toBe("2.0.0"), 10_000);
  const keeps = () => readdirSync(kept).map((name) => readFileSync(join(kept, name), "latin1"));
  await vi.waitFor(() => expect(keeps().join()).toContain('"version":"2.0.0"'), 10_000);
  server.close();
  server.closeAllConnections();
  expect(await (await started())()).toBe("2.0.0");
});

it("one whose bytes are not its manifest's is refused, and what is kept goes on", async () => {
  await publish("1.0.0");
  await started();
  await publish("2.0.0", { modules: [{ name: "main", path: "main.wasm", sha256: "0".repeat(64) }] });
  const answers = await started();
  const listed = () => runtime?.sidecar.capabilities?.list() ?? [];
  await vi.waitFor(() => expect(listed()).toHaveLength(2), 10_000);
  expect(listed()).toMatchObject([
    { version: "1.0.0" },
    { cause: expect.stringContaining("where its manifest") },
  ]);
  expect(await answers()).toBe("1.0.0");
});

it("one that was never there is refused by its address", async () => {
  files.clear();
  await started();
  expect(runtime?.sidecar.capabilities?.list()).toMatchObject([
    { status: "refused", cause: `${address}/capability.json answers 404` },
  ]);
});
