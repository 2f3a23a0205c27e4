import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { build } from "../../host/node/cli/capability/build.ts";
import { create } from "../../host/node/cli/capability/create.ts";
import { pack } from "../../host/node/cli/capability/pack.ts";
import { tryPackage } from "../../host/node/cli/capability/try-package.ts";
import type { Terminal } from "../../host/node/cli/terminal.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "daprlet-authors-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A terminal, and what was written to it. */
function terminal() {
  const out: string[] = [];
  const err: string[] = [];
  const spoken = { out: (line: string) => out.push(line), err: (line: string) => err.push(line) };
  return { terminal: spoken as unknown as Terminal, out, err };
}

/** A package around the module of `hello`, which is there already: nothing is compiled. */
function packageOf(name: string, changes: object, requests?: unknown): string {
  const path = join(folder, name);
  mkdirSync(path);
  const manifest = JSON.parse(readFileSync(join(root, "capabilities/hello/capability.json"), "utf8"));
  writeFileSync(join(path, "capability.json"), JSON.stringify({ ...manifest, name, ...changes }));
  if (requests !== undefined) writeFileSync(join(path, "requests.json"), JSON.stringify(requests));
  cpSync(join(root, "dist/capabilities/hello/hello.wasm"), join(path, "hello.wasm"));
  return path;
}

describe("daprlet capability", () => {
  it("new makes a package that test builds and calls in its confinement, and pack puts into one file", async () => {
    const path = join(folder, "greeter");
    const { terminal: at, out, err } = terminal();
    expect(await create(path, at)).toBe(0);
    // What `npm install` would put there.
    mkdirSync(join(path, "node_modules"));
    symlinkSync(root, join(path, "node_modules/daprlet"));
    symlinkSync(join(root, "node_modules/assemblyscript"), join(path, "node_modules/assemblyscript"));
    expect(await tryPackage(path, at)).toBe(0);
    expect(err).toEqual([]);
    expect(out).toContain("module greeter: memory up to 1024 KiB, imports nothing");
    expect(out).toContain("asks to: compute, and nothing else; at most 100 ms a call");
    expect(out.at(-1)).toBe("3 passed, 0 failed");

    // Packed from what was built: the sources are not needed any more.
    cpSync(join(path, "dist/greeter.wasm"), join(path, "greeter.wasm"));
    rmSync(join(path, "assembly"), { recursive: true });
    expect(await pack(path, at)).toBe(0);
    const names = execFileSync("tar", ["tzf", join(path, "greeter-0.1.0.tgz")], { encoding: "utf8" });
    expect(names.trim().split("\n")).toEqual([
      "greeter/README.md",
      "greeter/capability.json",
      "greeter/greeter.wasm",
    ]);
    const first = readFileSync(join(path, "greeter-0.1.0.tgz"));
    await pack(path, at);
    expect(readFileSync(join(path, "greeter-0.1.0.tgz")).equals(first)).toBe(true);
  }, 60_000);

  it("new leaves alone what is there, and takes no name that a package cannot have", async () => {
    const { terminal: at } = terminal();
    await expect(create(folder.replace(/[^/]*$/, ""), at)).rejects.toThrow(
      /is there already, and not empty|is no name/,
    );
    await expect(create(join(folder, "My Package"), at)).rejects.toThrow(
      "My Package is no name of a package",
    );
    expect(existsSync(join(folder, "My Package"))).toBe(false);
  });

  it("test says which request failed, and how", async () => {
    const requests = [
      { request: "GET /hello", answer: "Hello, you!\n" },
      { request: "GET /none", status: 200 },
      { request: "GET /hello?name=Ada", status: 200, answer: "Hello, Ada!\n" },
    ];
    const { terminal: at, out, err } = terminal();
    expect(await tryPackage(packageOf("failing", {}, requests), at)).toBe(1);
    expect(err[0]).toBe("✗ GET /hello: the answer is Hello, world!\n");
    expect(err[1]).toMatch(/^✗ GET \/none: 404 instead of 200: /);
    expect(out.at(-1)).toBe("1 passed, 2 failed");
  });

  it.each([
    [
      "a limit that its module does not keep to",
      { limits: { memory: "64Ki" } },
      undefined,
      /memory may grow to 1048576/,
    ],
    ["a need that nobody knows", { needs: { disk: true } }, undefined, /needs\.disk is unknown/],
    ["requests that are none", {}, [{ request: "hello" }], /\[0\]\.request must be a method and a path/],
    ["requests that are misspelled", {}, [{ request: "GET /", anwser: 1 }], /\[0\]\.anwser is unknown/],
  ] as const)("test refuses %s", async (what, changes, requests, message) => {
    const { terminal: at, err } = terminal();
    const path = packageOf(what.replaceAll(" ", "-"), changes, requests);
    const code = await tryPackage(path, at).catch((error: Error) => {
      err.push(error.message);
      return 1;
    });
    expect(code).toBe(1);
    expect(err.join("\n")).toMatch(message);
  });

  it("build takes core modules, and Wasm components of a world that it knows", async () => {
    const path = packageOf("component", {});
    writeFileSync(join(path, "hello.wasm"), Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0));
    const { terminal: at, err } = terminal();
    expect(await build([path], { out: join(folder, "out") }, at)).toBe(1);
    expect(err[0]).toMatch(/hello\.wasm is a Wasm component, and it exports none of daprlet:capability/);
    writeFileSync(join(path, "hello.wasm"), "text");
    expect(await build([path], { out: join(folder, "out") }, at)).toBe(1);
    expect(err[1]).toMatch(/hello\.wasm is no WebAssembly/);
  });

  it("build leaves out what a compiler wrote for debuggers", async () => {
    const path = packageOf("debugged", {});
    const module = readFileSync(join(path, "hello.wasm"));
    const section = [0, 5, 4, ...new TextEncoder().encode(".dbg")];
    writeFileSync(join(path, "hello.wasm"), Buffer.concat([module, Uint8Array.from(section)]));
    expect(await build([path], { out: join(folder, "out") }, terminal().terminal)).toBe(0);
    expect(readFileSync(join(folder, "out/debugged/hello.wasm")).equals(module)).toBe(true);
  });

  it("build says what is missing, and goes on with the other packages", async () => {
    const missing = packageOf("missing", { modules: [{ name: "main", path: "main.wasm" }] });
    const fine = packageOf("fine", {});
    const { terminal: at, out, err } = terminal();
    expect(await build([missing, fine], { out: join(folder, "out") }, at)).toBe(1);
    expect(err.join("\n")).toMatch(
      /module main: there is neither .*assembly\/main\.ts nor .*index\.ts to compile, nor .*main\.wasm/,
    );
    expect(out).toEqual([expect.stringMatching(/^fine: hello\.wasm, \d+ bytes$/)]);
    expect(existsSync(join(folder, "out/fine/capability.json"))).toBe(true);
  });
});
