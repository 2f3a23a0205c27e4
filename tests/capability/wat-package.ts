import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import type Wabt from "wabt";
import type { PackageSource } from "../../host/capability/package-source.ts";

// Required: it is no ES module, which not every runner of these files bears.
const wabt = createRequire(import.meta.url)("wabt") as typeof Wabt;
const { parseWat } = await wabt();

/** The bytes of a module in the text format, or of what stands between its brackets. */
export function wasm(wat: string): Uint8Array<ArrayBuffer> {
  const text = wat.trimStart().startsWith("(module") ? wat : `(module ${wat})`;
  const features = { bulk_memory: true, multi_value: true, tail_call: true, exceptions: true, threads: true };
  const module = parseWat("module.wat", text, features);
  return new Uint8Array(module.toBinary({}).buffer);
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** One operation, `POST /run`, that takes anything. */
export const run = { openapi: "3.1.0", paths: { "/run": { post: { operationId: "run" } } } };

/** A package of one module, as a folder would be. */
export function packageOf(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  changes: Readonly<Record<string, unknown>> = {},
): PackageSource {
  return {
    origin: `tests/${name}`,
    manifest: {
      name,
      version: "1.0.0",
      modules: [{ name: "main", path: "main.wasm", sha256: sha256(bytes) }],
      offers: [{ kind: "http", openapi: run }],
      ...changes,
    },
    async read() {
      return bytes;
    },
  };
}

export function watPackage(
  name: string,
  wat: string,
  changes: Readonly<Record<string, unknown>> = {},
): PackageSource {
  return packageOf(name, wasm(wat), changes);
}

/** Bytes as a string of WAT's. */
export function data(bytes: Uint8Array): string {
  return `"${Array.from(bytes, (byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("")}"`;
}

export interface GuestParts {
  /** Of the memory: two pages at first when left out. */
  readonly memory?: string;
  readonly imports?: string;
  /** More functions, globals, data. */
  readonly more?: string;
  readonly version?: string;
  /** The body of `cap_alloc(size)`: 4096 when left out. */
  readonly alloc?: string;
  /** The body of `cap_handle(ptr, len)`: answers the request itself, as an answer, when left out. */
  readonly handle?: string;
  /** The body of `cap_resume(ptr, len)`; left out, it is not exported. */
  readonly resume?: string;
}

/** A span as `cap_handle` answers it. */
export const span = (pointer: string, length: string) =>
  `(i64.or (i64.shl (i64.extend_i32_u ${pointer}) (i64.const 32)) (i64.extend_i32_u ${length}))`;

/** What came, with its kind changed into an answer: headers and body go back as they came. */
export const echo = `(i32.store (local.get 0) (i32.const 2)) ${span("(local.get 0)", "(local.get 1)")}`;

/** Answers the message at an address, as it lies there. */
export const fixed = (message: Uint8Array) => span("(i32.const 1024)", `(i32.const ${message.length})`);

/** A guest in WAT, well behaved but for what is given. */
export function guest(parts: GuestParts = {}): string {
  const { memory = "2 4", imports = "", more = "", version = "1", alloc = "(i32.const 4096)" } = parts;
  const resume =
    parts.resume === undefined
      ? ""
      : `(func (export "cap_resume") (param i32 i32) (result i64) ${parts.resume})`;
  return `${imports}
    (memory (export "memory") ${memory})
    (func (export "cap_abi_version") (result i32) (i32.const ${version}))
    (func (export "cap_alloc") (param i32) (result i32) ${alloc})
    (func (export "cap_handle") (param i32 i32) (result i64) ${parts.handle ?? echo})
    ${resume} ${more}`;
}

/** A guest that answers, or asks for, this message and then answers what it got. */
export function saying(message: Uint8Array, parts: GuestParts = {}): string {
  return guest({
    handle: fixed(message),
    ...parts,
    more: `(data (i32.const 1024) ${data(message)}) ${parts.more ?? ""}`,
  });
}
