import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Guest, message } from "./guest.ts";

const folder = mkdtempSync(join(tmpdir(), "daprlet-hello-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function compiledC(): Uint8Array<ArrayBuffer> {
  const wasm = join(folder, "hello.wasm");
  const link = ["--no-entry", "--initial-memory=262144", "--max-memory=1048576", "-z", "stack-size=8192"];
  execFileSync("clang", [
    ...[
      "--target=wasm32",
      "-O2",
      "-ffreestanding",
      "-fno-builtin",
      "-nostdlib",
      "-Wall",
      "-Wextra",
      "-Werror",
    ],
    ...link.map((option) => `-Wl,${option}`),
    ...["-o", wasm, join(import.meta.dirname, "hello-c/hello.c")],
  ]);
  return new Uint8Array(readFileSync(wasm));
}

const noCompiler =
  spawnSync("clang", ["--version"]).status !== 0 || spawnSync("wasm-ld", ["-v"]).status !== 0;

/** One contract, two languages: whatever is said of one guest holds for the other. */
const guests: { language: string; skip: boolean; bytes: () => Uint8Array<ArrayBuffer> }[] = [
  { language: "AssemblyScript", skip: false, bytes: () => Guest.bytesOf("hello") },
  // `apt-get install clang lld` where it is missing.
  { language: "C", skip: noCompiler && process.env.CI !== "true", bytes: compiledC },
];

describe.each(guests)("hello, in $language", ({ skip, bytes }) => {
  let module: Uint8Array<ArrayBuffer>;
  beforeAll(() => {
    if (!skip) module = bytes();
  });
  const open = () => new Guest(module);

  it.skipIf(skip)("speaks version 1, imports nothing and has a memory with a maximum", () => {
    const { exports } = open();
    expect(exports.cap_abi_version()).toBe(1);
    expect(() => exports.memory.grow(16)).toThrow();
  });

  it.skipIf(skip)("greets whom a parameter names, in any script, and ignores what it does not know", () => {
    const guest = open();
    const cases = [
      [[], "Hello, world!\n"],
      [[["name", ""]], "Hello, world!\n"],
      [[["name", "Ada"]], "Hello, Ada!\n"],
      [
        [
          [":path", "/hello"],
          ["näme", "x"],
          ["names", "x"],
          ["name", "Žofie 🦊"],
          ["x", "name"],
        ],
        "Hello, Žofie 🦊!\n",
      ],
    ] as const;
    for (const [fields, text] of cases) {
      const answer = guest.call(fields);
      expect(answer.text).toBe(text);
      expect(answer.status).toBe(200);
      expect(answer.headers).toEqual(new Map([["content-type", "text/plain; charset=utf-8"]]));
    }
  });

  it.skipIf(skip)("ends at a message that is none", () => {
    const short = message(1, [["name", "Ada"]]);
    const long = short.slice();
    new DataView(long.buffer).setUint32(8, 0xffff_fff0, true);
    const many = short.slice();
    new DataView(many.buffer).setUint32(4, 1_000, true);
    for (const bytes of [short.subarray(0, -1), short.subarray(0, 4), long, many, message(2, [])]) {
      expect(() => open().step("cap_handle", bytes)).toThrow(WebAssembly.RuntimeError);
    }
  });

  it.skipIf(skip)("answers for as long as one likes in the memory that it has", () => {
    const guest = open();
    const before = guest.exports.memory.buffer.byteLength;
    const name = "n".repeat(1_000);
    for (let i = 0; i < 3_000; i++) guest.call([["name", name]]);
    expect(guest.exports.memory.buffer.byteLength).toBeLessThanOrEqual(Math.max(before, 512 * 1024));
  });
});
