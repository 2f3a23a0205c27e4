import type { PackageSource } from "../../host/capability/package-source.ts";
import { enable, goOn, type HttpGuestParts, httpGuest, pair, set, stop } from "./http-wasm-guest.ts";
import { packageOf, sha256, wasm } from "./wat-package.ts";

/** A hostile guest of http-wasm, and what becomes of a request that passes it: the same on every host, always with the status 500. */
export interface HttpAttack {
  readonly name: string;
  readonly parts: HttpGuestParts;
  /** What the caller is told of its guest. */
  readonly says: string;
  /** It ends only by its deadline. */
  readonly late?: true;
}

const forever = "(loop $again (br $again)) (unreachable)";

const faults: readonly (readonly [name: string, parts: HttpGuestParts, says: string])[] = [
  ["a trap", { request: "unreachable" }, "it trapped: unreachable"],
  ["a trap in its response", { start: enable(2), response: "unreachable" }, "it trapped: unreachable"],
  ["an exit", { request: `(call $proc_exit (i32.const 3)) ${stop}` }, "it exited with code 3"],
  [
    "a buffer outside of its memory",
    { request: `(drop (call $get_uri (i32.const -8) (i32.const 64))) ${stop}` },
    "where it wants an answer is outside of its memory",
  ],
  [
    "a body outside of its memory",
    { request: `(call $write_body (i32.const 1) (i32.const 131000) (i32.const 1000)) ${stop}` },
    "what it writes is outside of its memory",
  ],
  [
    "a length that wraps",
    { request: `(drop (call $read_body (i32.const 0) (i32.const 8) (i32.const -1))) ${stop}` },
    "where it reads a body is outside of its memory",
  ],
  [
    "a vector outside of its memory",
    {
      request: `(drop (call $fd_write (i32.const 1) (i32.const 131068) (i32.const 2) (i32.const 0))) ${stop}`,
    },
    "what it writes is outside of its memory",
  ],
  [
    "a read into no room",
    { request: `(drop (call $read_body (i32.const 0) (i32.const 8192) (i32.const 0))) ${stop}` },
    "it reads a body into a buffer of no bytes",
  ],
  [
    "headers of a kind that is none",
    { request: `(drop (call $get_header_names (i32.const 9) (i32.const 8192) (i32.const 64))) ${stop}` },
    "it asks for a header of kind 9",
  ],
  [
    "a body of a kind that is none",
    { request: `(call $write_body (i32.const 2) (i32.const 8192) (i32.const 1)) ${stop}` },
    "it asks for a body of kind 2",
  ],
  [
    "a header without a name",
    { request: `(call $remove_header (i32.const 0) (i32.const 0) (i32.const 0)) ${stop}` },
    "it names a header by no text",
  ],
  ["a trailer", { request: set(3) + stop, texts: pair }, "it sets a trailer"],
  [
    "a method that is none",
    { request: `(call $set_method (text $name)) ${stop}`, texts: { name: "G ET" } },
    "it sets a method that is none",
  ],
  [
    "a URI with a line end",
    { request: `(call $set_uri (text $name)) ${stop}`, texts: { name: "/a\r\nb: c" } },
    "it sets a URI that is none",
  ],
  [
    "a URI with half an escape",
    { request: `(call $set_uri (text $name)) ${stop}`, texts: { name: "/a%2" } },
    "it sets a URI that is none",
  ],
  [
    "a status that is none",
    { request: `(call $set_status_code (i32.const 99)) ${stop}` },
    "it answers with the status 99",
  ],
  [
    "a header bomb",
    { request: `(loop $a ${set(1, "add_header_value")} (br $a)) (unreachable)`, texts: pair },
    "its headers are more than 1000",
  ],
  [
    "a body without end",
    {
      request:
        "(loop $a (call $write_body (i32.const 1) (i32.const 0) (i32.const 131072)) (br $a)) (unreachable)",
    },
    "it writes a body of more than",
  ],
  [
    "another method after the request went on",
    { start: enable(2), response: "(call $set_method (text $name))", texts: pair },
    "it changes the request after it went on",
  ],
  [
    "a response that is not buffered",
    {
      request: `${enable(2)} ${goOn}`,
      response: "(drop (call $read_body (i32.const 0) (i32.const 8192) (i32.const 9)))",
    },
    "it reads the request's body, and did not enable buffer_request",
  ],
];

const endless: readonly (readonly [name: string, parts: HttpGuestParts])[] = [
  ["a loop", { request: forever }],
  ["a loop in its response", { start: enable(2), response: forever.replace(" (unreachable)", "") }],
  [
    "a flood of lines",
    {
      request: `(loop $a (drop (call $fd_write (i32.const 1) (global.get $vector) (i32.const 1) (i32.const 8192))) (br $a)) (unreachable)`,
      texts: { vector: new Uint8Array(new Uint32Array([1032, 4]).buffer), lines: "a\nb\n" },
    },
  ],
  [
    "a sleep that is none",
    {
      request: `(loop $a (drop (call $poll_oneoff (i32.const 8192) (i32.const 16384) (i32.const 1) (i32.const 8188))) (br $a)) (unreachable)`,
    },
  ],
];

const endlessStarts: typeof endless = [
  ["a loop in its start function", { start: forever }],
  ["a loop in _start", { more: `(func (export "_start") ${forever})` }],
];

const late = (says: string) => (one: (typeof endless)[number]) => {
  const [name, parts] = one;
  return { name, parts, says, late: true as const };
};

export const httpAttacks: readonly HttpAttack[] = [
  ...faults.map(([name, parts, says]) => ({ name, parts, says })),
  ...endless.map(late("it did not answer within 1000 ms")),
  ...endlessStarts.map(late("it did not start within 1000 ms")),
];

/** A package with a middleware `middleware.http.<name>` that is this guest. */
export function httpPackage(
  name: string,
  wat: string,
  changes: Readonly<Record<string, unknown>> = {},
): PackageSource {
  const bytes = wasm(wat);
  return packageOf(name, bytes, {
    modules: [{ name: "main", path: "main.wasm", sha256: sha256(bytes), abi: "http-wasm" }],
    offers: [{ kind: "component", type: `middleware.http.${name}` }],
    needs: { rewrite: true, clock: true, random: true },
    ...changes,
  });
}

/** Each as a package, a component, and a step of `httpPipeline` for a method of the app that is its own. */
export const httpAttackers = httpAttacks.map((attack, i) => ({
  attack,
  package: httpPackage(`http-${i}`, httpGuest(attack.parts)),
  method: `attack-${i}`,
}));

export const attackedResources = [
  ...httpAttackers.map(({ method }, i) => ({
    apiVersion: "dapr.io/v1alpha1",
    kind: "Component",
    metadata: { name: `guest-${i}` },
    spec: {
      type: `middleware.http.http-${i}`,
      version: "v1",
      metadata: [{ name: "onlyFor", value: `/v1.0/invoke/app/method/${method}` }],
    },
  })),
  {
    apiVersion: "dapr.io/v1alpha1",
    kind: "Configuration",
    metadata: { name: "attacked" },
    spec: {
      httpPipeline: {
        handlers: httpAttackers.map((_, i) => ({ name: `guest-${i}`, type: `middleware.http.http-${i}` })),
      },
    },
  },
]
  .map((resource) => JSON.stringify(resource))
  .join("\n---\n");
