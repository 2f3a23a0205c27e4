import { cpSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { freePort, type Running, Workshop } from "./cli.ts";

const built = resolve(import.meta.dirname, "../../dist/capabilities");
let workshop: Workshop;
let url: string;
let running: Running;

beforeEach(async () => {
  workshop = new Workshop();
  workshop.write("packages/grants.yaml", "lru-cache: all\n");
  for (const name of ["hello", "lru-cache", "compress"]) {
    cpSync(join(built, name), join(workshop.folder, "packages", name), { recursive: true });
  }
  // What lies outside of a package is none of it, whatever leads there.
  workshop.write(
    "packages/thief/capability.json",
    JSON.stringify({
      name: "thief",
      version: "1.0.0",
      offers: [{ kind: "http", openapi: "secret.json", sources: [{ app: "x" }] }],
    }),
  );
  symlinkSync(
    workshop.write("secret.json", '{"paths":{"/x":{"get":{}}}}'),
    join(workshop.folder, "packages/thief/secret.json"),
  );
  const port = await freePort();
  url = `http://localhost:${port}`;
  const args = ["run", "--app-id", "me", "--capabilities-path", "packages", "--dapr-http-port", String(port)];
  running = workshop.start([...args, "--enable-metrics=false"]);
  await running.says(/its sidecar is at/, 30_000);
});
afterEach(() => workshop.close());

const get = async (path: string) => (await fetch(url + path)).text();

it("runs packages from a folder, says what was asked in vain, and follows what changes there", async () => {
  expect(await get("/v1/capabilities/hello?name=you")).toBe("Hello, you!\n");
  expect(running.err + running.out).toContain(
    "capability lru-cache 1.0.0 is loaded; granted: read the clock",
  );
  expect(running.err + running.out).toContain(
    "capability compress asked to write keys of its own in state store statestore, and was not granted it",
  );
  expect(running.err + running.out).toContain("capability thief");
  expect(await get("/v1.0/capabilities/thief/x")).toContain("secret.json is outside of");

  writeFileSync(join(workshop.folder, "packages/grants.yaml"), "compress: all\n");
  renameSync(join(workshop.folder, "packages/hello"), join(workshop.folder, "hello"));
  await vi.waitFor(async () => {
    expect(await get("/v1/capabilities/hello?name=you")).toContain("ERR_CAPABILITY_NO_OPERATION");
    expect(await get("/v1.0/capabilities/lru-cache/cache")).toContain("ERR_CAPABILITY_REFUSED");
    expect(await get("/v1.0/capabilities")).toContain('"granted":{"state":[{"store":"statestore"');
  }, 20_000);
  rmSync(join(workshop.folder, "packages/thief"), { recursive: true });
  renameSync(join(workshop.folder, "hello"), join(workshop.folder, "packages/hello"));
  await vi.waitFor(async () => expect(await get("/v1/capabilities/hello")).toBe("Hello, world!\n"), 20_000);
}, 60_000);
