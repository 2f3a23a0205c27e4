import { httpWasmAbi } from "../../host/capability/http-wasm/http-wasm-abi.ts";
import { data, wasm } from "./wat-package.ts";

export interface HttpGuestParts {
  /** The body of `handle_request`: goes on when left out. */
  readonly request?: string;
  /** The body of `handle_response(ctx, is_error)`: nothing when left out. */
  readonly response?: string;
  /** Texts in its memory, from 1024 on: each is `$name` and `$name_len` in the bodies. */
  readonly texts?: Readonly<Record<string, string | Uint8Array>>;
  /** The body of its start function. */
  readonly start?: string;
  /** As toolchains link when left out: without a maximum. */
  readonly memory?: string;
  /** More functions, globals, exports. */
  readonly more?: string;
}

const next = "(i64.const 1)";

function imported(wat: string): string {
  const used = Array.from(httpWasmAbi.imports).filter(([name]) =>
    new RegExp(`call \\$${name.split(".")[1]}\\b`).test(wat),
  );
  return used
    .map(([name, { signature }]) => {
      const [module, field] = name.split(".");
      const [, parameters = "", result = ""] = /^\((.*)\)->(.*)$/.exec(signature) ?? [];
      const given = parameters === "" ? "" : `(param ${parameters.replaceAll(",", " ")})`;
      const answered = result === "()" ? "" : `(result ${result})`;
      return `(import "${module}" "${field}" (func $${field} ${given} ${answered}))`;
    })
    .join("\n");
}

/** A guest of http-wasm in WAT; `call $get_uri` and its like import what they name. Memory from 8192 on is nobody's. */
export function httpGuest(parts: HttpGuestParts): string {
  const { request = next, response = "", texts = {}, start, memory = "2", more = "" } = parts;
  let at = 1024;
  const globals: string[] = [];
  for (const [name, text] of Object.entries(texts)) {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    globals.push(
      `(data (i32.const ${at}) ${data(bytes)})`,
      `(global $${name} i32 (i32.const ${at})) (global $${name}_len i32 (i32.const ${bytes.length}))`,
    );
    at += bytes.length;
  }
  // `(text $name)` is its address and length, as two operands.
  const spelled = (wat: string) =>
    wat.replace(/\(text \$(\w+)\)/g, "(global.get $$$1) (global.get $$$1_len)").replaceAll("$$", "$");
  const bodies = spelled(`
    (func (export "handle_request") (result i64) (local $n i32) (local $wide i64) ${request})
    (func (export "handle_response") (param $ctx i32) (param $error i32) (local $n i32) (local $wide i64) ${response})
    ${start === undefined ? "" : `(func $start (local $n i32) (local $wide i64) ${start}) (start $start)`}
    ${more}`);
  return `${imported(bodies)} (memory (export "memory") ${memory}) ${globals.join("\n")} ${bodies}`;
}

export function httpGuestBytes(parts: HttpGuestParts): Uint8Array<ArrayBuffer> {
  return wasm(httpGuest(parts));
}

/** Answers the request itself. */
export const stop = "(i64.const 0)";
export const goOn = next;

/** Adds the bytes that `give(buffer, limit)` answers to the response's body. */
export const saying = (give: string) =>
  `(local.set $n (call $${give} (i32.const 8192) (i32.const 4096)))
   (call $write_body (i32.const 1) (i32.const 8192) (local.get $n))`;

/** The same of a function that answers how many there are, and how many bytes. */
export const listing = (give: string) =>
  `(local.set $wide ${give})
   (call $write_body (i32.const 1) (i32.const 8192) (i32.wrap_i64 (local.get $wide)))`;

/** Of headers: 0 the request's, 1 the response's; with the texts of {@link pair}. */
export const set = (kind: number, how = "set_header_value") =>
  `(call $${how} (i32.const ${kind}) (text $name) (text $value))`;
export const pair = { name: "X-New", value: "new" };

/** 1 buffers the request, 2 the response. */
export const enable = (features: number) => `(drop (call $enable_features (i32.const ${features})))`;
