import type { Abi, AbiImport } from "../abi.ts";
import { wasiName, wasiSignatures } from "./wasi-signatures.ts";

export const handlerName = (name: string) => `http_handler.${name}`;

const handler: Readonly<Record<string, string>> = {
  enable_features: "(i32)->i32",
  get_config: "(i32,i32)->i32",
  log: "(i32,i32,i32)->()",
  log_enabled: "(i32)->i32",
  get_method: "(i32,i32)->i32",
  set_method: "(i32,i32)->()",
  get_uri: "(i32,i32)->i32",
  set_uri: "(i32,i32)->()",
  get_protocol_version: "(i32,i32)->i32",
  get_source_addr: "(i32,i32)->i32",
  get_header_names: "(i32,i32,i32)->i64",
  get_header_values: "(i32,i32,i32,i32,i32)->i64",
  set_header_value: "(i32,i32,i32,i32,i32)->()",
  add_header_value: "(i32,i32,i32,i32,i32)->()",
  remove_header: "(i32,i32,i32)->()",
  read_body: "(i32,i32,i32)->i64",
  write_body: "(i32,i32,i32)->()",
  get_status_code: "()->i32",
  set_status_code: "(i32)->()",
};

/** What of it somebody has to grant a package: the rest only computes. */
const granted: ReadonlyMap<string, AbiImport["needs"]> = new Map([
  [wasiName("clock_time_get"), "clock"],
  [wasiName("random_get"), "random"],
  // Behind a middleware is the sidecar's API: another path is another call than the one that was made.
  [handlerName("set_method"), "rewrite"],
  [handlerName("set_uri"), "rewrite"],
]);

const signatures = new Map([
  ...Object.entries(handler).map(([name, signature]): [string, string] => [handlerName(name), signature]),
  ...wasiSignatures,
]);

/** The HTTP handler ABI of http-wasm.io, which Dapr's `middleware.http.wasm` runs. */
export const httpWasmAbi: Abi = {
  name: "http-wasm",
  required: new Map([
    ["handle_request", "()->i64"],
    ["handle_response", "(i32,i32)->()"],
  ]),
  optional: new Map([
    ["_initialize", "()->()"],
    ["_start", "()->()"],
  ]),
  imports: new Map(
    Array.from(signatures, ([name, signature]): [string, AbiImport] => [
      name,
      { signature, needs: granted.get(name) },
    ]),
  ),
  prepared: true,
};
