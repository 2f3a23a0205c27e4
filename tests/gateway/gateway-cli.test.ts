import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { program } from "../../host/node/cli/program.ts";
import type { Terminal } from "../../host/node/cli/terminal.ts";
import { run as anything, guest, watPackage } from "../capability/wat-package.ts";
import { startTarget } from "../hosts/target.ts";
import { missingWasmtime } from "../hosts/wasmtime-host.ts";
import { Workshop } from "../node/cli.ts";

const yaml = (lines = "  apps:\n  - {id: web, url: 'https://example.com'}") =>
  `apiVersion: daprlet/v1alpha1\nkind: Gateway\nmetadata:\n  name: edge\nspec:\n${lines}\n`;

/** Says how it was called, listens as wasmtime says it does, and ends as it is told. */
const standIn = `#!/bin/sh
echo "called with $*"
echo "token is $TOKEN"
trap 'echo interrupted; exit 0' INT
[ -n "$CODE" ] && { echo "it broke" >&2; exit "$CODE"; }
echo "Serving HTTP on http://127.0.0.1:4711/" >&2
while :; do sleep 0.05; done
`;

let shop: Workshop;
let environment: Readonly<Record<string, string>>;
beforeEach(() => {
  shop = new Workshop();
  shop.write("gateway.yaml", yaml());
  environment = { DAPRLET_WASMTIME: shop.write("wasmtime", standIn) };
  chmodSync(environment.DAPRLET_WASMTIME as string, 0o755);
});
afterEach(() => shop.close());

/** In this process: a command line of its own takes a second to start. */
async function run(...args: readonly string[]) {
  const shown = (text: string) => `${text.replaceAll(`${shop.folder}/`, "")}\n`;
  const said = { code: 1, out: "", err: "" };
  const terminal: Terminal = {
    environment: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    pid: process.pid,
    program: [],
    colour: false,
    interactive: false,
    out: (line) => {
      said.out += shown(line);
    },
    err: (line) => {
      said.err += shown(line);
    },
    onSignal: () => undefined,
    onOrphaned: () => undefined,
    exit: () => undefined,
  };
  const words = args.map((word) => (/\.(?:yaml|wasm)$|^parts$/.test(word) ? join(shop.folder, word) : word));
  try {
    said.code = await program(["gateway", ...words], terminal);
  } catch (error) {
    said.err += shown((error as Error).message);
  }
  return said;
}

describe("daprlet gateway build", () => {
  it("writes one file, and says how large it is and how it is run", async () => {
    const { code, out, err } = await run("build", "gateway.yaml", "-o", "edge.wasm");
    expect([code, err]).toEqual([0, ""]);
    const file = readFileSync(join(shop.folder, "edge.wasm"));
    const hash = createHash("sha256").update(file).digest("hex");
    expect(out).toContain(`edge.wasm: ${file.length} bytes, sha256 ${hash}\n`);
    expect(out).toMatch(/run it with: wasmtime serve --addr 127\.0\.0\.1:3500 .* edge\.wasm\n$/);
  });

  it("says how the folder is made that wasmtime is to open", async () => {
    expect((await run("build", "gateway.yaml", "-o", "edge.wasm")).out).not.toContain("mkdir");
    shop.write(
      "gateway.yaml",
      `${yaml("  folder: my state")}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: kept }
spec: { type: state.wasi, version: v1 }
`,
    );
    const { out } = await run("build", "gateway.yaml", "-o", "edge.wasm");
    expect(out).toMatch(/\nonce: {8}mkdir -p 'my state'\nrun it with: wasmtime serve .*'my state::\/'/);
  });

  it("makes the same file of the same configuration, also of several files", async () => {
    shop.write("parts/a.yaml", yaml("  region: eu"));
    shop.write(
      "parts/b.yml",
      "apiVersion: dapr.io/v1alpha1\nkind: HTTPEndpoint\nmetadata: {name: web}\nspec: {baseUrl: https://example.com}",
    );
    shop.write("parts/notes.txt", "no YAML: [");
    const [once, again] = [
      await run("build", "parts", "-o", "a.wasm"),
      await run("build", "parts", "-o", "b.wasm"),
    ];
    expect([once.code, again.code]).toEqual([0, 0]);
    expect(readFileSync(join(shop.folder, "a.wasm"))).toEqual(readFileSync(join(shop.folder, "b.wasm")));
    expect((await run("--inspect", "a.wasm")).out).toMatch(/web {2}https:\/\/example\.com/);
  });

  it("leaves no file where it cannot be built, and says where the fault is", async () => {
    shop.write("gateway.yaml", yaml("  apps:\n  - {id: web, url: 'ftp://example.com'}"));
    const { code, err } = await run("build", "gateway.yaml", "-o", "edge.wasm");
    expect(code).toBe(1);
    expect(err).toMatch(/^gateway\.yaml, document 1, line 7: spec\.apps\.0\.url must be http/);
    expect(existsSync(join(shop.folder, "edge.wasm"))).toBe(false);
  });

  it("composes packages, with what is granted and within what a gateway does", async () => {
    const { manifest, read } = watPackage("greeter", guest(), {
      needs: { clock: true },
      offers: [
        { kind: "http", openapi: anything },
        { kind: "component", type: "bindings.greeter", operations: ["get"] },
      ],
    });
    shop.write("parts/greeter/capability.json", JSON.stringify(manifest));
    writeFileSync(join(shop.folder, "parts/greeter/main.wasm"), await read("main.wasm"));
    shop.write("parts/gateway.yaml", yaml("  packages: [{path: greeter}]"));
    const { code, err } = await run("build", "parts/gateway.yaml", "-o", "edge.wasm");
    expect([code, err]).toEqual([
      0,
      "warning: package greeter offers bindings.greeter, which is no component of a gateway\n" +
        "warning: package greeter asks to read the clock, and is not granted it\n",
    ]);
    expect((await run("--inspect", "edge.wasm")).out).toContain("package   greeter: POST /run\n");

    shop.write("parts/gateway.yaml", yaml("  packages: [{path: greeter, grants: {clocks: true}}]"));
    expect((await run("build", "parts/gateway.yaml", "-o", "b.wasm")).err).toMatch(
      /line 6: grants\.clocks is unknown/,
    );
    writeFileSync(join(shop.folder, "parts/greeter/main.wasm"), "MZ");
    shop.write("parts/gateway.yaml", yaml("  packages: [{path: greeter, grants: all}]"));
    expect((await run("build", "parts/gateway.yaml", "-o", "b.wasm")).err).toMatch(
      /line 6: package greeter was not let in: main\.wasm has the SHA-256/,
    );
    expect(existsSync(join(shop.folder, "b.wasm"))).toBe(false);
  });

  it.each([
    [["build", "gateway.yaml"], /required option '-o, --output <file>'/],
    [["build", "gateway.yaml", "-o", "edge"], /ends with \.wasm, not edge/],
    [["build", "none.yaml", "-o", "a.wasm"], /gateway configuration none\.yaml does not exist/],
    [["--inspect", "gateway.yaml"], /the file is no Wasm component/],
    [["gateway.yaml", "--port", "x"], /--port takes a whole number, not x/],
  ])("refuses %j", async (args, message) => {
    const { code, err } = await run(...args);
    expect(code).toBe(1);
    expect(err).toMatch(message);
  });
});

describe("daprlet gateway token", () => {
  it("makes a token, and the digest that a caller's entry takes", async () => {
    const { code, out } = await run("token");
    const [, token = "", digest = ""] = /^token {2}(\S{43})\ndigest (\S+)\n$/.exec(out) ?? [];
    expect([code, digest]).toEqual([0, createHash("blake2b512").update(token).digest("hex")]);
    shop.write("gateway.yaml", yaml(`  callers: [{appId: sensor, digest: ${digest}}]`));
    expect((await run("build", "gateway.yaml", "-o", "edge.wasm")).code).toBe(0);
    expect((await run("--inspect", "edge.wasm")).out).toContain("callers   by tokens of their own: sensor\n");
  });
});

describe("daprlet gateway --inspect", () => {
  it("prints what is inside, and no secret", async () => {
    shop.write(
      "gateway.yaml",
      yaml("  apiToken: {envRef: TOKEN}\n  apps:\n  - {id: web, url: 'https://example.com'}"),
    );
    environment = { ...environment, TOKEN: "swordfish" };
    await run("build", "gateway.yaml", "-o", "edge.wasm");
    const { code, out } = await run("--inspect", "edge.wasm");
    expect(code).toBe(0);
    expect(out).toMatch(/^gateway {3}edge\n/);
    expect(out).toContain("callers   with the API token that is in TOKEN\n");
    expect(out).toContain("wasi:http/types@0.2");
    expect(out).toMatch(/--env TOKEN edge\.wasm\n/);
    expect(out).toMatch(/\none call: {4}wasmtime run -S http --env TOKEN edge\.wasm --capability …\n$/);
    expect(out).not.toContain("swordfish");
    expect(readFileSync(join(shop.folder, "edge.wasm")).includes("swordfish")).toBe(false);
  });
});

describe("daprlet gateway", () => {
  it("serves a configuration by wasmtime until it is asked to end", async () => {
    const running = shop.start(["gateway", "--port", "0"], environment);
    await running.says(/edge is up: the gateway is at http:\/\/127\.0\.0\.1:4711\n/);
    const file = /--addr 127\.0\.0\.1:0 .* (\S+gateway\.wasm)\n/.exec(running.out)?.[1] as string;
    expect(existsSync(file)).toBe(true);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    expect(running.out).toContain("interrupted");
    expect(existsSync(file)).toBe(false);
  });

  it("serves a file, and ends as wasmtime does where that ends by itself", async () => {
    await run("build", "gateway.yaml", "-o", "edge.wasm");
    environment = { ...environment, CODE: "3" };
    const { code, out, err } = await run("edge.wasm", "--address", "0.0.0.0", "--port", "8080");
    expect([code, err]).toEqual([
      3,
      expect.stringMatching(
        /^warning: anybody who reaches 0\.0\.0\.0.*\nit broke\nwasmtime did not serve the gateway: it takes wasmtime 48 or later\n$/,
      ),
    ]);
    expect(out).toMatch(/called with serve --addr 0\.0\.0\.0:8080 .* edge\.wasm\n/);
  });

  it("starts with all secrets or not at all, and hands them on by name alone", async () => {
    shop.write("gateway.yaml", yaml("  apiToken: {envRef: TOKEN}"));
    const without = await run("gateway.yaml");
    expect(without.code).toBe(1);
    expect(without.err).toMatch(/the gateway reads TOKEN from the environment, where there is none of it/);
    environment = { ...environment, TOKEN: "swordfish", CODE: "1" };
    const { out } = await run("gateway.yaml");
    expect(out).toContain("token is swordfish");
    expect(out).toMatch(/called with .*--env TOKEN \S+\n/);
  });

  it("says how wasmtime is installed where it is missing", async () => {
    environment = { DAPRLET_WASMTIME: "", PATH: shop.folder.concat("/none"), HOME: shop.folder };
    const { code, err } = await run("gateway.yaml");
    expect(code).toBe(1);
    expect(err).toMatch(
      /runs under wasmtime \(https:\/\/wasmtime\.dev\), which is not on the path: install it with/,
    );
    environment = { DAPRLET_WASMTIME: "/no/such/program" };
    expect((await run("gateway.yaml")).err).toMatch(
      /DAPRLET_WASMTIME is \/no\/such\/program, which is no program/,
    );
  });
});

describe.skipIf(missingWasmtime !== undefined && process.env.CI !== "true")(
  missingWasmtime ?? "daprlet gateway with wasmtime",
  () => {
    it("serves what is configured, with secrets of its environment", async () => {
      const target = await startTarget();
      shop.write(
        "gateway.yaml",
        yaml(
          `  apiToken: {envRef: TOKEN}\n  apps:\n  - {id: echo, url: "${target.url}", headers: [{name: x-key, envRef: KEY}]}`,
        ),
      );
      const running = shop.start(["gateway", "--port", "0"], { TOKEN: "swordfish", KEY: "of the app" });
      const [, url] = await running.says(/edge is up: the gateway is at (\S+)/);
      const call = (token: string) =>
        fetch(`${url}/v1.0/invoke/echo/method/a`, {
          headers: { "dapr-api-token": token, connection: "close" },
        });
      expect((await call("")).status).toBe(401);
      const { headers } = (await (await call("swordfish")).json()) as { headers: Record<string, string> };
      expect(headers).toMatchObject({ "x-key": "of the app", "dapr-caller-app-id": "edge" });
      running.child.kill("SIGTERM");
      // It waits for the idle instance that had the calls; a second time means at once.
      await running.says(/Waiting for child tasks/);
      running.child.kill("SIGTERM");
      expect(await running.ended).toBe(0);
      await target.close();
    });
  },
);
