import { createHash } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import wabt from "wabt";
import { capabilityAbi } from "./abi.ts";
import { admit } from "./admission.ts";
import { GuestPort } from "./guest-port.ts";
import { decodeMessage, encodeMessage, textField, textOf } from "./message.ts";

const { parseWat } = await wabt();

/** Answers each request with the message it was. */
const echo = `
  (memory (export "memory") 1 2)
  (func (export "cap_abi_version") (result i32) (i32.const 1))
  (func (export "cap_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "cap_handle") (param i32 i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32)) (i64.extend_i32_u (local.get 1))))`;

function module(wat: string) {
  const bytes = new Uint8Array(
    parseWat("m.wat", `(module ${wat})`, { bulk_memory: true }).toBinary({}).buffer.slice(),
  );
  return { bytes, entry: { name: "m", path: "m.wasm", abi: "capability", sha256: hash(bytes) } as const };
}

const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

function admitted(wat: string, granted = { clock: false, random: false, rewrite: false }, memory = 1 << 20) {
  const { bytes, entry } = module(wat);
  return admit(bytes, entry, { abi: capabilityAbi, granted, limits: { memory } });
}

describe("admission", () => {
  it("lets in what keeps to the ABI, and says what it may use", async () => {
    const imports = '(import "cap_host" "log" (func (param i32 i32 i32)))';
    expect(await admitted(imports + echo)).toMatchObject({ imports: ["cap_host.log"], memory: 131_072 });
  });

  it.each<[string, string, string]>([
    ["exports nothing", "(func)", "it exports nothing"],
    [
      "has no memory",
      '(func (export "cap_abi_version") (result i32) (i32.const 1))',
      "does not export the function cap_alloc",
    ],
    ["has no maximum", echo.replace("1 2", "1"), "its memory has no maximum"],
    ["has too large a maximum", echo.replace("1 2", "1 17"), "where its limit is 1048576"],
    ["keeps its memory to itself", echo.replace('(export "memory")', ""), "does not export its memory"],
    [
      "imports memory",
      `(import "cap_host" "memory" (memory 1 2)) ${echo.replace('(memory (export "memory") 1 2)', "")}`,
      "it imports cap_host.memory, a memory",
    ],
    [
      "imports what the ABI does not have",
      `(import "env" "abort" (func)) ${echo}`,
      "it imports env.abort, which",
    ],
    [
      "imports a name of all objects",
      `(import "__proto__" "toString" (func)) ${echo}`,
      "it imports __proto__.toString, which",
    ],
    [
      "imports the clock, which was not granted",
      `(import "cap_host" "clock" (func (result f64))) ${echo}`,
      "takes clock: true among its needs",
    ],
    [
      "imports by another type",
      `(import "cap_host" "log" (func)) ${echo}`,
      "imports cap_host.log as ()->(), where it is (i32,i32,i32)->()",
    ],
    [
      "exports by another type",
      echo.replace("(result i32) (i32.const 1))", "(result i64) (i64.const 1))"),
      "exports cap_abi_version as ()->i64",
    ],
    ["has a table without a maximum", `(table 1 funcref) ${echo}`, "its tables may grow"],
    ["has a huge table", `(table 9000000 9000000 funcref) ${echo}`, "its tables may grow"],
  ])("refuses a module that %s", async (_, wat, message) => {
    await expect(admitted(wat)).rejects.toThrow(message);
  });

  it.each([
    "WebAssembly.compile(): Compiling or instantiating WebAssembly module violates the following Content Security policy directive",
    "call to WebAssembly.compile() blocked by CSP",
    "Refused to create a WebAssembly object because 'unsafe-eval' or 'wasm-unsafe-eval' is not an allowed source of script",
  ])("names the directive that is missing, by what Chromium, Firefox and WebKit say: %s", async (message) => {
    vi.spyOn(WebAssembly, "compile").mockRejectedValueOnce(new WebAssembly.CompileError(message));
    await expect(admitted(echo)).rejects.toThrow("add 'wasm-unsafe-eval' to its script-src");
  });

  it("refuses other bytes than the manifest's, and what is no module", async () => {
    const { bytes, entry } = module(echo);
    const terms = {
      abi: capabilityAbi,
      granted: { clock: false, random: false, rewrite: false },
      limits: { memory: 1 << 20 },
    };
    await expect(admit(bytes, { ...entry, sha256: "0".repeat(64) }, terms)).rejects.toThrow(
      "where its manifest says 000",
    );
    const text = new TextEncoder().encode("no module");
    await expect(admit(text, { ...entry, sha256: hash(text) }, terms)).rejects.toThrow("m.wasm is no module");
  });
});

describe("a guest", () => {
  const platform = { now: () => 0, random: (bytes: Uint8Array<ArrayBuffer>) => bytes };

  async function started(wat: string) {
    const { module, imports } = await admitted(wat);
    const port = new GuestPort(platform);
    const began = await port.start({
      guest: { abi: "capability", module, imports, answer: 4096 },
      schemas: [],
    });
    return { port, began };
  }

  it("is handed a message and answers one", async () => {
    const { port, began } = await started(echo);
    expect(began).toEqual({ value: true });
    const step = port.call("handle", encodeMessage({ kind: 1, fields: [textField("a", "b")] }), []);
    if (!("value" in step)) throw new Error(step.message);
    expect(textOf(decodeMessage(step.value.bytes).fields, "a")).toBe("b");
  });

  it("is not called again after a fault, of which is told what it said", async () => {
    const log =
      '(import "cap_host" "log" (func $log (param i32 i32 i32))) (data (i32.const 8) "why \\c3\\a9\\nend")';
    const say = (level: number, at: number, length: number) =>
      `(call $log (i32.const ${level}) (i32.const ${at}) (i32.const ${length}))`;
    // Pieces of what is printed, cut within a character; a line of the log in between is one of its own.
    const words = [say(7, 8, 3), say(1, 8, 3), say(7, 11, 2), say(5, 15, 2), say(7, 13, 4)].join(" ");
    const { port } = await started(log + echo.replace(/\(i64\.or.*/, `${words} unreachable)`));
    expect(port.call("handle", new Uint8Array(8), [])).toEqual({
      fault: "trap",
      message: "it trapped: unreachable",
      lines: [
        { level: "info", text: "why" },
        { level: "error", text: "why é" },
        { level: "error", text: "en" },
        { level: "info", text: "en" },
      ],
    });
    expect(port.call("handle", new Uint8Array(8), [])).toMatchObject({ fault: "protocol" });
  });

  it("of another version is refused", async () => {
    const { began } = await started(echo.replace("i32.const 1)", "i32.const 2)"));
    expect(began).toMatchObject({
      fault: "protocol",
      message: "it speaks version 2 of the ABI, where this host speaks 1",
    });
  });
});
