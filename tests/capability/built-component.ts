import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { componentEmbed, componentNew, preview1AdapterReactorPath } from "@bytecodealliance/jco";

/** Whether C can be compiled here: `apt-get install clang lld` where it is missing. */
export const noCompiler =
  spawnSync("clang", ["--version"]).status !== 0 || spawnSync("wasm-ld", ["-v"]).status !== 0;

/** A core module in C, with a memory that has no maximum: as toolchains of components link it. */
export function compiledC(file: string, ...flags: string[]): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), "daprlet-c-"));
  try {
    const wasm = join(folder, "guest.wasm");
    const strict = ["-ffreestanding", "-fno-builtin", "-nostdlib", "-Wall", "-Wextra", "-Werror"];
    const link = ["--no-entry", "-z", "stack-size=8192"].map((option) => `-Wl,${option}`);
    const source = join(import.meta.dirname, file);
    execFileSync("clang", ["--target=wasm32", "-O1", ...strict, ...link, ...flags, "-o", wasm, source]);
    return new Uint8Array(readFileSync(wasm));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const capabilityWit = () =>
  readFileSync(resolve(import.meta.dirname, "../../capabilities/wit/capability.wit"), "utf8");

/** A Wasm component of a core module, by the component model's own tools. */
export async function componentOf(
  module: Uint8Array,
  witSource: string,
  world: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const embedded = await componentEmbed({ binary: module, witSource, world, stringEncoding: "utf8" });
  const adapter = readFileSync(preview1AdapterReactorPath());
  return new Uint8Array(await componentNew(embedded, [["wasi_snapshot_preview1", adapter]]));
}

/** WASI's packages in one text, for the package in front of them. */
function wasiWit(): string {
  const builtin = resolve(
    import.meta.dirname,
    "../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12",
  );
  const wasi = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"].map((name) => {
    const text = readFileSync(join(builtin, `wasi-${name}/package.wit`), "utf8");
    return `${text.replace(/^package (.*);$/m, "package $1 {")}\n}`;
  });
  return wasi.join("\n");
}

/** The world of a server for wasi:http that calls others, with all that it takes, in one text. */
export function httpWit(): string {
  return `package test:server;
    world server {
      import wasi:http/types@0.2.12;
      import wasi:http/outgoing-handler@0.2.12;
      import wasi:cli/environment@0.2.12;
      export wasi:http/incoming-handler@0.2.12;
    }
    world library {
      include wasi:cli/imports@0.2.12;
      export wasi:http/incoming-handler@0.2.12;
    }
    ${wasiWit()}`;
}

/** The world of a package whose language's library wants all that a program of WASI may, in one text. */
export function libraryWit(): string {
  const own = capabilityWit().replace(/^package (.*);$/m, "package $1 {");
  return `package test:library;
    world library {
      include wasi:cli/imports@0.2.12;
      import daprlet:capability/host@1.0.0;
      export daprlet:capability/guest@1.0.0;
    }
    ${own}}
    ${wasiWit()}`;
}
