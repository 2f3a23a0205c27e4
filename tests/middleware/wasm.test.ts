import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { createRuntime } from "../../host/node/index.ts";
import { expectedOn } from "../api/differences.ts";
import {
  enable,
  goOn,
  type HttpGuestParts,
  httpGuest,
  httpGuestBytes,
  saying,
  set,
  stop,
} from "../capability/http-wasm-guest.ts";
import { wasm } from "../capability/wat-package.ts";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";
import { daprletProgram, node } from "../hosts/node.ts";

const folder = mkdtempSync(join(tmpdir(), "daprlet-wasm-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const type = "middleware.http.wasm";
const front = JSON.stringify({
  apiVersion: "dapr.io/v1alpha1",
  kind: "Configuration",
  metadata: { name: "front" },
  spec: { httpPipeline: { handlers: [{ name: "guest", type }] } },
});

function urlOf(name: string, bytes: Uint8Array): string {
  const file = join(folder, `${name}.wasm`);
  writeFileSync(file, bytes);
  return `file://${file}`;
}

const body = (text: string) => `(call $write_body (i32.const 1) (text $${text}))`;

/** What one guest does by its request's header `x-case`, a letter: before the request goes on, and with its response. */
const cases: readonly { readonly request: string; readonly response?: string }[] = [
  { request: `${set(1)} (call $set_status_code (i32.const 403)) ${body("value")} (return ${stop})` },
  { request: `${set(0)} ${set(0, "add_header_value")} (call $write_body (i32.const 0) (text $hello))` },
  { request: "(call $set_uri (text $uri)) (call $set_method (text $put))" },
  { request: "", response: `(call $set_status_code (i32.const 202)) ${set(1)} ${body("value")}` },
  { request: `${saying("get_config")} (return ${stop})` },
  { request: `${saying("get_uri")} ${saying("get_method")} (return ${stop})` },
  { request: "unreachable" },
  { request: "", response: "unreachable" },
  { request: "(call $set_uri (text $broken))" },
  { request: `${body("value")} ` },
  { request: "(call $set_header_value (i32.const 0) (text $appid) (text $app))" },
  {
    request: `(local.set $wide (call $read_body (i32.const 0) (i32.const 8192) (i32.const 4096)))
      (call $write_body (i32.const 1) (i32.const 8192) (i32.wrap_i64 (local.get $wide))) (return ${stop})`,
  },
];

const chosen = (of: (one: (typeof cases)[number]) => string | undefined) =>
  cases
    .map(
      (one, i) =>
        `(if (i32.eq (i32.load8_u (i32.const 7000)) (i32.const ${97 + i})) (then ${of(one) ?? ""}))`,
    )
    .join("\n");

const guest: HttpGuestParts = {
  start: enable(3),
  request: `
    (i32.store8 (i32.const 7000) (i32.const 0))
    (drop (call $get_header_values (i32.const 0) (text $case) (i32.const 7000) (i32.const 16)))
    ${chosen(({ request }) => request)} ${goOn}`,
  response: chosen(({ response }) => response),
  texts: {
    name: "X-New",
    value: "new",
    case: "x-case",
    uri: "/v1.0/invoke/app/method/rewritten%20path?q=1%26",
    put: "PUT",
    hello: "HELLO",
    broken: "/v1.0/%2",
    appid: "dapr-app-id",
    app: "app",
  },
};

/** An app that answers with what it was asked. */
async function listening(): Promise<Server> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const { method, url, headers } = request;
      response.statusCode = url === "/dapr/config" ? 404 : 200;
      response.setHeader("x-app", "yes");
      response.end(`${method} ${url} ${headers["x-new"]} ${Buffer.concat(parts)}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function start(program: readonly string[], url: string, appPort?: number): Promise<Daprd> {
  const resources = mkdtempSync(join(folder, "resources-"));
  mkdirSync(resources, { recursive: true });
  writeFileSync(
    join(resources, "guest.yaml"),
    componentYaml({ name: "guest", type, metadata: { url, guestConfig: "of the user" } }),
  );
  const config = join(folder, "front.yaml");
  writeFileSync(config, front);
  return await startDaprd({
    appId: "app",
    resources,
    config,
    program,
    ...(appPort !== undefined && { appPort }),
  });
}

const url = urlOf("cases", httpGuestBytes(guest));

/** Not every build of daprd has the component. One that has not may be healthy for a moment before it ends for want of it. */
async function withoutWasm(): Promise<string | undefined> {
  if (daprd.missing !== undefined) return daprd.missing;
  const without = `the daprd on the PATH is built without ${type}: its answers are not compared in this run`;
  try {
    const sidecar = await start(["daprd"], url);
    const metadata = await sidecar.fetch("/v1.0/metadata").then(
      (answer) => answer.text,
      () => "",
    );
    await sidecar.stop();
    return metadata.includes(`"${type}"`) ? undefined : without;
  } catch (error) {
    if (!String(error).includes("not been registered")) throw error;
    return without;
  }
}

const programs = [
  { ...daprd, missing: await withoutWasm(), program: ["daprd"] },
  { ...node, program: [process.execPath, daprletProgram, "daprd"] },
];

describe.each(programs)(`${type} on $name`, ({ missing, required, dialect, program }) => {
  if (missing !== undefined) {
    test.skipIf(!required || process.env.CI !== "true")(missing, () => expect.fail(missing));
    return;
  }
  let app: Server;
  let sidecar: Daprd;
  beforeAll(async () => {
    app = await listening();
    sidecar = await start(program, url, (app.address() as AddressInfo).port);
  }, 60_000);
  afterAll(async () => {
    await sidecar?.stop();
    app?.close();
  });

  const asked = async (letter: string, path = "/v1.0/invoke/app/method/x?y=1") => {
    const headers = { "x-case": letter, "content-type": "text/plain" };
    const { status, text, header } = await sidecar
      .fetch(path, { method: "POST", headers, body: "hello" })
      .then((answer) => ({
        status: answer.status,
        text: answer.text,
        header: (name: string) => answer.header(name),
      }));
    return [status, text, header("x-new")];
  };

  it.each<[string, string, readonly [number, string, string | undefined]]>([
    ["lets pass what it does not look at", "z", [200, "POST /x?y=1 undefined hello", undefined]],
    ["answers with a status, a header and a body", "a", [403, "new", "new"]],
    ["changes headers and the body of a request", "b", [200, "POST /x?y=1 new, new HELLO", undefined]],
    [
      "sends a request elsewhere, by another method",
      "c",
      [200, "PUT /rewritten%20path?q=1%26 undefined hello", undefined],
    ],
    ["changes status, headers and body of a response", "d", [202, "new", "new"]],
    ["reads its configuration", "e", [200, "of the user", undefined]],
    ["reads URI and method", "f", [200, "/v1.0/invoke/app/method/x?y=1POST", undefined]],
    ["writes before there is a response", "j", [200, "newPOST /x?y=1 undefined hello", undefined]],
    ["reads the body", "l", [200, "hello", undefined]],
  ])("%s", async (_, letter, expected) => {
    expect(await asked(letter)).toEqual(expected);
  });

  it("names an app by a header", async () => {
    expect(await asked("k", "/any/path?y=1")).toEqual([200, "POST /any/path?y=1 undefined hello", undefined]);
  });

  it("that traps is a 500, and the next request is answered", async () => {
    const [status, text] = await asked("g");
    expect([status, text]).toEqual([
      500,
      expect.stringContaining(expectedOn(dialect, "middleware.wasm.trap")),
    ]);
    expect((await asked("i"))[0]).toBe(500);
    expect((await asked("z"))[0]).toBe(200);
  });

  it("that traps with a response that it keeps", async () => {
    const answer = await asked("h").then(
      ([status]) => status,
      () => "the connection ends",
    );
    expect(answer).toBe(expectedOn(dialect, "middleware.wasm.trap-late"));
    expect((await asked("z"))[0]).toBe(200);
  });
});

describe(`a ${type} that does not open`, () => {
  const bare = '(memory (export "memory") 1) (func (export "handle_request") (result i64) (i64.const 1))';
  const trapping = httpGuestBytes({ start: "unreachable" });
  const hash = "0".repeat(64);

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ["no url", {}, "metadata field url is required"],
    ["a url of another scheme", { url: "oci://a/b" }, "metadata field url: expected file:///…"],
    ["a name in place of a url", { url: "guest.wasm" }, "metadata field url: expected file:///…"],
    ["a file that is not there", { url: "file:///nowhere.wasm" }, "the file cannot be read: ENOENT"],
    ["a file that is no module", { url: urlOf("text", new TextEncoder().encode("hello")) }, "is no module"],
    [
      "no handle_response",
      { url: urlOf("bare", wasm(bare)) },
      "it does not export the function handle_response",
    ],
    [
      "an import of somebody else's",
      { url: urlOf("foreign", wasm(`(import "env" "abort" (func)) ${httpGuest({})}`)) },
      "it imports env.abort",
    ],
    ["a start function that traps", { url: urlOf("trapping", trapping) }, "it trapped: unreachable"],
    ["another hash", { url, sha256: hash }, `where its manifest says ${hash}`],
    [
      "too much memory",
      { url: urlOf("large", httpGuestBytes({ memory: "64" })), maxMemory: "1Mi" },
      "its memory may grow to",
    ],
  ])("says of %s what is wrong", async (_, metadata, says) => {
    const components = `${componentYaml({ name: "guest", type, metadata })}\n---\n${front}`;
    await expect(
      createRuntime({ components, log: { debug() {}, info() {}, warn() {}, error() {} } }),
    ).rejects.toThrow(says);
  });
});
