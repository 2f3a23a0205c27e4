import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "daprlet-package-"));

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Packs what would be published, installs it into an empty project, and uses it there as a stranger would. */
describe("the published package", () => {
  beforeAll(() => {
    const [{ filename }] = JSON.parse(
      execFileSync("npm", ["pack", "--json", "--pack-destination", folder, "--ignore-scripts"], {
        cwd: root,
        encoding: "utf8",
      }),
    );
    writeFileSync(join(folder, "package.json"), '{ "name": "stranger", "private": true, "type": "module" }');
    run("npm", "install", "--no-audit", "--no-fund", "--prefer-offline", join(folder, filename));
  }, 180_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("has a runtime that answers, through daprlet/node", () => {
    writeFileSync(
      join(folder, "runtime.mjs"),
      `import { createRuntime } from "daprlet/node";
       const runtime = await createRuntime({ appId: "stranger" });
       const saved = await runtime.fetch("/v1.0/state/statestore", { method: "POST", body: '[{"key":"a","value":1}]' });
       const read = await runtime.fetch("/v1.0/state/statestore/a");
       console.log(saved.status, read.status, await read.text());
       await runtime.stop();`,
    );
    expect(run("node", "runtime.mjs").trim()).toBe("204 200 1");
  });

  it("exports the runtime's parts, the client, the worker and the plugin", () => {
    writeFileSync(
      join(folder, "exports.mjs"),
      `import * as runtime from "daprlet/runtime";
       import * as client from "daprlet";
       import * as worker from "daprlet/worker";
       import daprlet from "daprlet/vite";
       console.log(JSON.stringify({
         runtime: [typeof runtime.Runtime, typeof runtime.defineStore, typeof runtime.definePubSub],
         client: [typeof client.register, typeof client.serve],
         worker: typeof worker.attach,
         plugin: daprlet().name,
       }));`,
    );
    expect(JSON.parse(run("node", "exports.mjs"))).toEqual({
      runtime: ["function", "function", "function"],
      client: ["function", "function"],
      worker: "function",
      plugin: "daprlet",
    });
  });

  it("ships sw.js as one classic script and core.wasm as a module without imports", () => {
    writeFileSync(
      join(folder, "files.mjs"),
      `import { readFileSync } from "node:fs";
       import { createRequire } from "node:module";
       const { resolve } = createRequire(import.meta.url);
       const worker = readFileSync(resolve("daprlet/sw.js"), "utf8");
       new Function(worker);
       const core = new WebAssembly.Module(readFileSync(resolve("daprlet/core.wasm")));
       console.log(JSON.stringify({
         late: /\\bimportScripts\\(|\\bimport\\(/.test(worker),
         imports: WebAssembly.Module.imports(core).length,
       }));`,
    );
    expect(JSON.parse(run("node", "files.mjs"))).toEqual({ late: false, imports: 0 });
  });

  it("has types for every export", () => {
    writeFileSync(
      join(folder, "types.ts"),
      `import { register, serve, type RegisterOptions } from "daprlet";
       import { createRuntime } from "daprlet/node";
       import { defineStore, type Store } from "daprlet/runtime";
       import { attach } from "daprlet/worker";
       import daprlet from "daprlet/vite";
       const options: RegisterOptions = { appId: "a" };
       export const all = [() => register(options), () => createRuntime({ appId: "a" }), attach, defineStore, daprlet({ appId: "a" })];
       export type Mine = Store;
       // @ts-expect-error an app id is required
       export const wrong = () => register({});
       export const app = () => serve({ appId: "a", fetch: () => new Response("ok") });
      `,
    );
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          target: "ES2022",
          module: "esnext",
          moduleResolution: "bundler",
          lib: ["ES2023", "DOM", "DOM.Iterable"],
          skipLibCheck: true,
          types: [],
        },
        files: ["types.ts"],
      }),
    );
    expect(execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" })).toBe("");
  });

  it("has a command that tells its version and copies a site's files", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(run("npx", "daprlet", "--version").trim()).toContain(version);
    run("npx", "daprlet", "init", "public");
    expect(readFileSync(join(folder, "public/sw.js"), "utf8").length).toBeGreaterThan(1000);
    expect(readFileSync(join(folder, "public/client.js"), "utf8")).toContain("serviceWorker");
  });
});
