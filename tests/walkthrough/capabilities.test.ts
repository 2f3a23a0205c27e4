/** The book's walkthroughs of capabilities (chapter 7), against the program on this machine and a gateway. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { admitPackage } from "../../host/gateway/packages/admit-package.ts";
import { packagesIn } from "../../host/node/capability/package-folders.ts";
import { adderPackage, printedPackage } from "../capability/add.ts";
import { detect, isSame, type Thing } from "../capability/detect/detecting.ts";
import { underWasmtime } from "../gateway/gateways.ts";
import { type Daprd, startDaprd } from "../hosts/daprd.ts";
import { daprletProgram } from "../hosts/node.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";

/** What its manifest asks for. */
const everything = { needs: "all", limits: {} } as const;

const root = resolve(import.meta.dirname, "../..");
const shipped = join(root, "dist/capabilities/detect");
const pictures = join(root, "capabilities/detect/pictures");
const path = "/v1/capabilities/detect/object?as=rectangles";

/** A picture of known boxes, as PNG. */
function known(name: string): { readonly png: Uint8Array<ArrayBuffer>; readonly things: readonly Thing[] } {
  const { width, height, data } = jpeg.decode(readFileSync(join(pictures, name)));
  const image = new PNG({ width, height });
  image.data.set(data);
  const truth = JSON.parse(readFileSync(join(pictures, "objects.json"), "utf8"));
  return { png: new Uint8Array(PNG.sync.write(image)), things: truth[name] };
}

/** Each known box is found, where it is in the picture. */
function expectFound(answer: unknown, things: readonly Thing[]): void {
  const { objects } = answer as { objects: readonly Thing[] };
  const overlooked = things.filter((thing) => !objects.some((one) => isSame(one, thing)));
  expect([overlooked, objects.length]).toEqual([[], things.length]);
}

const folder = mkdtempSync(join(tmpdir(), "daprlet-book-capabilities-"));
const packages = join(folder, "packages");
let remote: Server;
let asked = 0;
let sidecar: Daprd | undefined;

beforeAll(() => mkdirSync(join(folder, "resources")));
beforeEach(async () => {
  asked = 0;
  remote = createServer(async (request, response) => {
    asked += 1;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    response.writeHead(200, { "content-type": "application/json", "cache-control": "max-age=60" });
    response.end(JSON.stringify(detect(Buffer.concat(chunks))));
  });
  await new Promise<void>((listening) => remote.listen(0, "127.0.0.1", listening));
});
afterEach(async () => {
  await sidecar?.stop();
  remote.close();
  rmSync(packages, { recursive: true, force: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const started = () =>
  startDaprd({
    appId: "book",
    resources: join(folder, "resources"),
    program: [process.execPath, daprletProgram, "daprd"],
    flags: ["--capabilities-path", packages],
  });

async function detected(one: { readonly port: number }, body: Uint8Array<ArrayBuffer>) {
  const answer = await fetch(`http://localhost:${one.port}${path}`, {
    method: "POST",
    headers: { "content-type": "image/png" },
    body,
  });
  return {
    status: answer.status,
    from: answer.headers.get("daprlet-capability-source"),
    json: await answer.json(),
  };
}

/** `detect`, asked of a remote API first. */
function withRemote(): void {
  const own = join(packages, "detect");
  cpSync(shipped, own, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(own, "capability.json"), "utf8"));
  const url = `http://127.0.0.1:${(remote.address() as AddressInfo).port}`;
  manifest.offers[0].sources = [{ remote: url }, { module: "detect" }];
  writeFileSync(join(own, "capability.json"), JSON.stringify(manifest));
  writeFileSync(join(packages, "grants.yaml"), "detect: all\n");
}

it("T58: the book's call finds known boxes, by a remote offer, from the cache, and by the package once that is down", async () => {
  withRemote();
  sidecar = await started();
  const [first, second] = [known("08.jpg"), known("05.jpg")];
  const far = await detected(sidecar, first.png);
  expect([far.status, far.from, asked]).toEqual([200, "remote", 1]);
  expectFound(far.json, first.things);
  expect(await detected(sidecar, first.png)).toEqual({ ...far, from: "remote; cached" });
  expect(asked).toBe(1);

  remote.closeAllConnections();
  await new Promise((closed) => remote.close(closed));
  const near = await detected(sidecar, second.png);
  expect([near.status, near.from]).toEqual([200, "module"]);
  expectFound(near.json, second.things);
  expect(Object.keys(near.json as object)).toEqual(Object.keys(far.json as object));
}, 60_000);

it("T59: which offer is asked first is turned round by a file, without a restart", async () => {
  withRemote();
  const one = await started();
  sidecar = one;
  const small = new Uint8Array(PNG.sync.write(new PNG({ width: 32, height: 32 })));
  const from = async () => (await detected(one, small)).from;
  expect(await from()).toBe("remote");
  writeFileSync(join(packages, "grants.yaml"), "detect: { all: true, prefer: local }\n");
  await expect.poll(from, { timeout: 10_000 }).toBe("module");
}, 60_000);

underWasmtime("a gateway", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    const { sources } = await packagesIn([shipped]);
    const own = await admitPackage(sources[0] as (typeof sources)[number], undefined, "gateway.yaml");
    const adder = await admitPackage(adderPackage, undefined, "gateway.yaml");
    gateway = await startGateway({}, { packages: [own, adder] });
  });
  afterAll(() => gateway?.stop());

  it("T58: finds known boxes by the book's call", async () => {
    const { png, things } = known("08.jpg");
    const answer = await fetch(`${gateway.url}${path}`, {
      method: "POST",
      headers: { "content-type": "image/png" },
      body: png,
    });
    expect(answer.status).toBe(200);
    expectFound(await answer.json(), things);
  });

  it("T58: asks a remote offer first, keeps its answers, and answers itself once that is down", async () => {
    withRemote();
    const { sources } = await packagesIn([join(packages, "detect")]);
    const own = await admitPackage(sources[0] as (typeof sources)[number], everything, "gateway.yaml");
    const asking = await startGateway({}, { packages: [own], reused: true });
    const [first, second] = [known("08.jpg"), known("05.jpg")];
    const far = await detected(asking, first.png);
    expect([far.status, far.from]).toEqual([200, "remote"]);
    expectFound(far.json, first.things);
    // Each instance asks once.
    await expect
      .poll(() => detected(asking, first.png), { timeout: 10_000 })
      .toEqual({ ...far, from: "remote; cached" });
    remote.closeAllConnections();
    await new Promise((closed) => remote.close(closed));
    const near = await detected(asking, second.png);
    expect([near.status, near.from]).toEqual([200, "module"]);
    expectFound(near.json, second.things);
    await asking.stop();
  }, 60_000);

  it("T61: refuses add.wat as printed, and adds 2 and 3 once it is exported", async () => {
    await expect(admitPackage(printedPackage, undefined, "gateway.yaml")).rejects.toThrow(
      "it exports nothing",
    );
    const answer = await gateway.fetch("/v1.0/capabilities/adder/add?a=2&b=3");
    expect([answer.status, answer.text]).toEqual([200, "5"]);
  });
});
