import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { capabilityAbi } from "../../host/capability/abi.ts";
import { admit } from "../../host/capability/admission.ts";
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import { linkModule } from "../../host/node/cli/capability/component/link-component.ts";
import { compiledRust, noRust, type RustTarget } from "./compiled-rust.ts";
import { type BuiltPackage, builtPackage, Guest } from "./guest.ts";

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

/** Compiled, and let in under the terms of the manifest that the one in AssemblyScript has. */
async function compiled(bytes: Uint8Array<ArrayBuffer>): Promise<BuiltPackage> {
  const { manifest } = await builtPackage("hello");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const entry = { name: "hello", path: "hello.wasm", sha256, abi: "capability" } as const;
  const terms = { abi: capabilityAbi, granted: manifest.needs, limits: manifest.limits };
  return { manifest, module: await admit(bytes, entry, terms) };
}

/** As `daprlet capability build` makes it of what rustc does, which gives memory no maximum, and its library WASI. */
async function inRust(target: RustTarget): Promise<BuiltPackage> {
  const module = compiledRust("hello-rust/hello.rs", target, "-zstack-size=65536");
  return compiled(new Uint8Array(await linkModule(module, 16, import.meta.dirname)));
}

/** One contract, three languages: whatever is said of one guest holds for the others. */
const guests = [
  { language: "AssemblyScript", skip: false, load: () => builtPackage("hello") },
  // `apt-get install clang lld` where it is missing.
  { language: "C", skip: noCompiler && process.env.CI !== "true", load: () => compiled(compiledC()) },
  { language: "Rust", skip: noRust, load: () => inRust("wasm32-unknown-unknown") },
  { language: "Rust with WASI", skip: noRust, load: () => inRust("wasm32-wasi") },
];

describe.each(guests)("hello, in $language", ({ skip, load }) => {
  let built: BuiltPackage;
  beforeAll(async () => {
    if (!skip) built = await load();
  }, 120_000);
  const open = () => Guest.start(built.module, built.manifest.limits);

  it.skipIf(skip)(
    "greets whom a parameter names, in any script, and ignores what it does not know",
    async () => {
      const guest = await open();
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
    },
  );

  it.skipIf(skip)("ends at a message that is none", async () => {
    const { request, answer } = messageKind;
    const short = encodeMessage({ kind: request, fields: [textField("name", "Ada")] });
    const long = short.slice();
    new DataView(long.buffer).setUint32(8, 0xffff_fff0, true);
    const many = short.slice();
    new DataView(many.buffer).setUint32(4, 1_000, true);
    for (const bytes of [
      short.subarray(0, -1),
      short.subarray(0, 4),
      long,
      many,
      encodeMessage({ kind: answer, fields: [] }),
    ]) {
      const guest = await open();
      expect(() => guest.step("handle", bytes)).toThrow(expect.objectContaining({ fault: "trap" }));
    }
  });

  it.skipIf(skip)("answers for as long as one likes in the memory that it has", async () => {
    const guest = await open();
    const name = "n".repeat(1_000);
    for (let i = 0; i < 3_000; i++) expect(guest.call([["name", name]]).status).toBe(200);
  });
});
