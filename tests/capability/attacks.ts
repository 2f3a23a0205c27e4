import { encodeMessage, type MessageField, messageKind, textField } from "../../host/capability/message.ts";
import type { PackageSource } from "../../host/capability/package-source.ts";
import { httpPackage } from "./http-wasm-attacks.ts";
import { httpGuest } from "./http-wasm-guest.ts";
import { data, echo, fixed, guest, packageOf, run, saying, span, watPackage } from "./wat-package.ts";

/** At a gateway: why it is not built, or what the call is answered. */
export type AtGateway = { readonly refused: string } | { readonly status: number; readonly says?: string };

/** A hostile package, and what becomes of it: the same on every host. */
export interface Attack {
  readonly name: string;
  readonly package: PackageSource;
  /** Of `grants.yaml`. */
  readonly grant?: unknown;
  /** Of `POST /run`. */
  readonly status: number;
  /** What the answer's message says, or the listing where it was not let in. */
  readonly says: string;
  /** Undefined: the same, but that a trap other than `unreachable` is answered by the gateway's host: 500, and no word of it. */
  readonly gateway?: AtGateway;
  /** It ends only by its deadline. */
  readonly late?: true;
  /** The body of the request; `{}` when left out. */
  readonly body?: string;
}

const answer = (...fields: MessageField[]) => encodeMessage({ kind: messageKind.answer, fields });
const calls = (...fields: MessageField[]) => encodeMessage({ kind: messageKind.calls, fields });
const numbers = (...values: number[]) => new Uint8Array(new Uint32Array(values).buffer);
const forever = "(loop $again (br $again)) (unreachable)";
const log = '(import "cap_host" "log" (func $log (param i32 i32 i32)))';

const refused = (name: string, wat: string, says: string, changes = {}): Attack => ({
  name,
  package: watPackage("attacker", wat, changes),
  status: 500,
  says: `capability attacker was not let in: ${says}`,
});

const fails = (name: string, wat: string, says: string, changes = {}): Attack => ({
  name,
  package: watPackage("attacker", wat, changes),
  status: 502,
  says: `capability attacker failed: ${says}`,
});

const late = (name: string, wat: string, changes = {}): Attack => ({
  name,
  package: watPackage("attacker", wat, changes),
  status: 504,
  says: "capability attacker was ended: it did not answer within 1000 ms",
  late: true,
});

const bytes = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

const goodModule = watPackage("attacker", guest());
const good = await goodModule.read("main.wasm");

const described = (schema: object, components = {}) => ({
  offers: [
    {
      kind: "http",
      openapi: {
        paths: { "/run": { post: { requestBody: { content: { "application/json": { schema } } } } } },
        components: { schemas: components },
      },
    },
  ],
});

/** Each leads to the next twice: two to the power of forty checks. */
const doubling = Object.fromEntries(
  Array.from({ length: 40 }, (_, i) => {
    const next = i === 39 ? { type: "object" } : { $ref: `#/components/schemas/s${i + 1}` };
    return [`s${i}`, { allOf: [next, next] }];
  }),
);

/** What is not let in. */
const atTheDoor: readonly Attack[] = [
  {
    name: "other bytes than the manifest's hash",
    package: packageOf("attacker", good, {
      modules: [{ name: "main", path: "main.wasm", sha256: "0".repeat(64) }],
    }),
    status: 500,
    says: "where its manifest says 0000",
  },
  {
    name: "bytes that are no module",
    package: packageOf("attacker", bytes("MZ")),
    status: 500,
    says: "is no module",
  },
  {
    name: "half a module",
    package: packageOf("attacker", good.slice(0, 60)),
    status: 500,
    says: "is no module",
  },
  refused(
    "an import of somebody else's",
    guest({ imports: '(import "env" "abort" (func))' }),
    "it imports env.abort",
  ),
  refused(
    "an import named as every object's",
    guest({ imports: '(import "__proto__" "toString" (func))' }),
    "it imports __proto__.toString",
  ),
  refused(
    "an import beside the granted ones",
    guest({ imports: '(import "cap_host" "constructor" (func))' }),
    "it imports cap_host.constructor",
  ),
  refused(
    "an imported memory",
    guest({ imports: '(import "cap_host" "memory" (memory $m 1 2))', memory: "1 2" }).replace(
      '(memory (export "memory") 1 2)',
      '(export "memory" (memory $m))',
    ),
    "it imports cap_host.memory, a memory",
  ),
  refused(
    "an imported global",
    guest({ imports: '(import "cap_host" "g" (global (mut i32)))' }),
    "it imports cap_host.g, a global",
  ),
  refused(
    "an imported table",
    guest({ imports: '(import "cap_host" "t" (table 1 funcref))' }),
    "it imports cap_host.t, a table",
  ),
  refused(
    "the clock, which nobody granted",
    guest({ imports: '(import "cap_host" "clock" (func (result f64)))' }),
    "it imports cap_host.clock, which takes clock: true",
    { needs: { clock: true } },
  ),
  refused(
    "chance, which it did not ask for",
    guest({ imports: '(import "cap_host" "random" (func (param i32 i32)))' }),
    "it imports cap_host.random, which takes random: true",
  ),
  refused(
    "an import by another type",
    guest({ imports: '(import "cap_host" "log" (func (param i64)))' }),
    "it imports cap_host.log as (i64)->()",
  ),
  refused("memory without a maximum", guest({ memory: "1" }), "its memory has no maximum"),
  refused("more memory than its limit", guest({ memory: "1 257" }), "its memory may grow to 16842752 bytes"),
  refused("all memory there is", guest({ memory: "1 65536" }), "its memory may grow to 4294967296 bytes"),
  refused("shared memory", guest({ memory: "1 2 shared" }), "its memory is shared or of 64 bits"),
  refused(
    "an export of another type",
    guest()
      .replace('"cap_handle") (param i32 i32) (result i64)', '"cap_handle") (param i64 i32) (result i64)')
      .replaceAll("(local.get 0)", "(i32.const 0)"),
    "it exports cap_handle as (i64,i32)->i64",
  ),
  refused(
    "a function in place of memory",
    guest().replace('(memory (export "memory") 2 4)', '(memory 2 4) (func (export "memory"))'),
    "it does not export its memory",
  ),
  refused("a table that grows without bound", guest({ more: "(table 1 funcref)" }), "its tables may grow"),
  refused("a huge table", guest({ more: "(table 9000000 9000000 funcref)" }), "its tables may grow"),
  refused("nothing to call", "(func)", "it exports nothing"),
  refused(
    "a description that goes in circles",
    guest(),
    "tests/attacker/capability.json: paths./run refers in circles",
    { offers: [{ kind: "http", openapi: { paths: { "/run": { $ref: "#/paths/~1run" } } } }] },
  ),
  refused(
    "a description that lies elsewhere",
    guest(),
    "tests/attacker/capability.json: paths./run refers to https://evil.example/x",
    { offers: [{ kind: "http", openapi: { paths: { "/run": { $ref: "https://evil.example/x" } } } }] },
  ),
];

const refusedHttp = (name: string, wat: string, says: string, changes = {}): Attack => ({
  ...refused(name, guest(), says),
  package: httpPackage("attacker", wat, { needs: {}, ...changes }),
});

/** What is not let in of http-wasm. */
const httpAtTheDoor: readonly Attack[] = [
  refusedHttp(
    "another path for who passes it, which nobody granted",
    httpGuest({ request: "(call $set_uri (i32.const 0) (i32.const 0)) (i64.const 1)" }),
    "it imports http_handler.set_uri, which takes rewrite: true",
    { needs: { rewrite: true } },
  ),
  refusedHttp(
    "chance of WASI, which it did not ask for",
    httpGuest({ request: "(drop (call $random_get (i32.const 0) (i32.const 8))) (i64.const 1)" }),
    "it imports wasi_snapshot_preview1.random_get, which takes random: true",
  ),
  refusedHttp(
    "an import of our own ABI",
    `(import "cap_host" "log" (func (param i32 i32 i32))) ${httpGuest({})}`,
    "it imports cap_host.log, which the ABI does not have",
  ),
  refusedHttp(
    "an import of WASI by another type",
    `(import "wasi_snapshot_preview1" "fd_write" (func (param i64))) ${httpGuest({})}`,
    "it imports wasi_snapshot_preview1.fd_write as (i64)->()",
  ),
  refusedHttp(
    "more memory at first than its limit",
    httpGuest({ memory: "300" }),
    "its memory may grow to 19660800 bytes",
  ),
  refusedHttp(
    "no handle_response",
    '(memory (export "memory") 1) (func (export "handle_request") (result i64) (i64.const 0))',
    "it does not export the function handle_response",
  ),
];

/** An instance is started before its first call's time begins; at a gateway both are one. */
const begins = {
  says: "capability attacker was ended: it did not start within 1000 ms",
  gateway: { status: 504, says: "was ended: it did not answer within 1000 ms" },
};

/** Before every request, and not for this one's time. */
const starts = { gateway: { refused: "it has a start function" } };

/** A gateway checks bodies by no schema of their own. */
const unchecked = { gateway: { refused: "says more than a gateway checks" } };

/** What is let in, and ends with the call. */
const inTheCall: readonly Attack[] = [
  fails("another version of the ABI", guest({ version: "2" }), "it speaks version 2 of the ABI"),
  fails("a trap", guest({ handle: "unreachable" }), "it trapped: unreachable"),
  fails(
    "a read outside of its memory",
    guest({ handle: "(i64.load (i32.const -8))" }),
    "it trapped: memory access out of bounds",
  ),
  fails(
    "a division by zero",
    guest({ handle: "(i64.div_u (i64.const 1) (i64.const 0))" }),
    "it trapped: divide by zero",
  ),
  fails(
    "a recursion without an end",
    guest({ handle: "(call $deep)", more: "(func $deep (result i64) (i64.add (call $deep) (i64.const 1)))" }),
    "it trapped: Maximum call stack size exceeded",
  ),
  fails(
    "growth to its maximum, and beyond",
    guest({
      handle: "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable",
    }),
    "it trapped",
  ),
  fails(
    "an answer that lies behind its memory",
    guest({ handle: span("(i32.const 131072)", "(i32.const 8)") }),
    "its answer is outside of its memory",
  ),
  fails(
    "an answer of negative length",
    guest({ handle: span("(i32.const 0)", "(i32.const -1)") }),
    "its answer has 4294967295 bytes, where its limit is 4194304",
  ),
  fails(
    "an answer at a negative address",
    guest({ handle: span("(i32.const -16)", "(i32.const 16)") }),
    "its answer is outside of its memory",
  ),
  fails(
    "an address and a length beyond 32 bits together",
    guest({ handle: span("(i32.const -1)", "(i32.const 4194304)") }),
    "its answer is outside of its memory",
  ),
  fails(
    "room behind its memory",
    guest({ alloc: "(i32.const 131064)" }),
    "what it allocated is outside of its memory",
  ),
  fails(
    "room at a negative address",
    guest({ alloc: "(i32.const -1)" }),
    "what it allocated is outside of its memory",
  ),
  fails("no room", guest({ alloc: "(i32.const 0)" }), "it has no room for a message of"),
  fails(
    "megabytes",
    guest({ memory: "100 100", handle: span("(i32.const 0)", "(i32.const 5000000)") }),
    "its answer has 5000000 bytes",
  ),
  fails("a message of no kind", saying(numbers(7, 0)), "it answers a message of kind 7"),
  fails("a message of nothing", guest({ handle: "(i64.const 0)" }), "its message ends before its fields do"),
  fails("four billion fields", saying(numbers(2, 0xffff_ffff)), "its message has fewer fields than it says"),
  fails(
    "a field longer than the message",
    saying(numbers(2, 1, 0x7fff_ffff, 0)),
    "a field of its message ends after the message",
  ),
  fails(
    "a name that is no text",
    saying(new Uint8Array([...numbers(2, 1, 1), 0xff, 0, 0, 0, 0])),
    "a name in its message is not UTF-8",
  ),
  fails(
    "a status that is none",
    saying(answer(textField(":status", "200 OK\r\nx: y"))),
    "its answer has a :status that is none",
  ),
  fails(
    "a status of the connection",
    saying(answer(textField(":status", "101"))),
    "its answer has a :status that is none",
  ),
  fails(
    "a header within a header",
    saying(answer(textField("x-a", "b\r\nset-cookie: c"))),
    "its answer has a header x-a that is none",
  ),
  fails(
    "an error code with a line end",
    saying(answer(textField(":error", "ERR\r\n"))),
    "its answer has an :error that is no code",
  ),
  fails(
    "calls without cap_resume",
    saying(calls(textField(":call", "state.get"))),
    "it asks for calls, and does not export cap_resume",
  ),
  fails(
    "a list of no calls",
    saying(calls(), { resume: fixed(calls()) }),
    "it asks for an empty list of calls",
  ),
  fails(
    "a list that begins with something else",
    saying(calls(textField("key", "k"))),
    "the first field of its list is not :call",
  ),
  fails(
    "ten thousand calls at a time",
    saying(calls(...Array.from({ length: 10_000 }, () => textField(":call", "x"))), {
      memory: "8 8",
      alloc: "(i32.const 500000)",
    }),
    "it asks for more than 100 calls of its host",
  ),
  fails(
    "one call after another, for ever",
    saying(calls(textField(":call", "x")), { resume: fixed(calls(textField(":call", "x"))) }),
    "it asks for more than 100 calls of its host",
  ),
  fails(
    "a log line behind its memory",
    guest({
      imports: log,
      handle: "(call $log (i32.const 1) (i32.const 131000) (i32.const 1000)) (i64.const 0)",
    }),
    "what it logs is outside of its memory",
  ),
  {
    ...fails(
      "a log line from its start function",
      guest({
        imports: log,
        more: "(func $s (call $log (i32.const 1) (i32.const 0) (i32.const 1))) (start $s)",
      }),
      "its start function used an import that needs its memory",
    ),
    ...starts,
  },
  {
    ...fails(
      "chance in megabytes",
      guest({
        imports: '(import "cap_host" "random" (func $r (param i32 i32)))',
        handle: "(call $r (i32.const 0) (i32.const 100000)) (i64.const 0)",
      }),
      "it asks for 100000 random bytes at a time",
      { needs: { random: true } },
    ),
    grant: "all",
  },
  late("a loop", guest({ handle: forever })),
  {
    ...late(
      "an answer after its deadline",
      guest({
        imports: '(import "cap_host" "clock" (func $clock (result f64)))',
        more: "(global $until (mut f64) (f64.const 0))",
        handle: `(global.set $until (f64.add (call $clock) (f64.const 2500)))
          (loop $wait (br_if $wait (f64.lt (call $clock) (global.get $until)))) ${echo}`,
      }),
      { needs: { clock: true } },
    ),
    grant: "all",
  },
  {
    ...late("a loop in its start function", guest({ more: `(func $s ${forever}) (start $s)` })),
    ...begins,
    ...starts,
  },
  {
    ...late("a loop in _initialize", guest({ more: `(func (export "_initialize") ${forever})` })),
    ...begins,
  },
  late("a loop where it makes room", guest({ alloc: forever })),
  late(
    "a loop that allocates",
    guest({ handle: "(loop $a (drop (memory.grow (i32.const 0))) (br $a)) (unreachable)" }),
  ),
  {
    ...late("a pattern that never ends", guest(), described({ type: "string", pattern: "^(a+)+$" })),
    ...unchecked,
    body: JSON.stringify(`${"a".repeat(60)}!`),
  },
  {
    ...late("references that multiply", guest(), described({ $ref: "#/components/schemas/s0" }, doubling)),
    // A gateway looks no further than so often.
    gateway: { status: 400, says: "the body does not match its schema" },
  },
  {
    ...late(
      "a call that nobody answers",
      saying(calls(textField(":call", "invoke"), textField("app", "app"), textField("method", "hang")), {
        resume: fixed(answer()),
      }),
      { needs: { invoke: [{ app: "app" }] } },
    ),
    grant: "all",
  },
];

function atGateway({ status, says, gateway }: Attack): AtGateway {
  if (gateway !== undefined) return gateway;
  if (status === 500) return { refused: says.replace(/^capability \S+ was not let in: /, "") };
  return /it trapped: (?!unreachable)/.test(says) ? { status: 500 } : { status, says };
}

/** All of them, to be loaded side by side: each has a name of its own. */
export const attacks: readonly (Attack & { readonly gateway: AtGateway })[] = [
  ...atTheDoor,
  ...httpAtTheDoor,
  ...inTheCall,
].map((attack, i) => {
  const name = `attacker-${i}`;
  const named = {
    ...attack,
    package: { ...attack.package, manifest: { ...(attack.package.manifest as object), name } },
    says: attack.says.replace("capability attacker", `capability ${name}`),
  };
  return { ...named, gateway: atGateway(named) };
});

/** Manifests that are refused before anything of a module is read: their message. */
export const manifests: readonly (readonly [name: string, manifest: unknown, says: string])[] = [
  [
    "a module elsewhere",
    {
      ...(goodModule.manifest as object),
      modules: [{ name: "main", path: "../../../etc/passwd", sha256: "0".repeat(64) }],
    },
    "modules[0].path must be a path inside of the package",
  ],
  [
    "a name of every object",
    { ...(goodModule.manifest as object), name: "__proto__" },
    "name must be a name",
  ],
  ["a name that is a path", { ...(goodModule.manifest as object), name: "a/../b" }, "name must be a name"],
  [
    "a description elsewhere",
    { ...(goodModule.manifest as object), offers: [{ kind: "http", openapi: "../secret.json" }] },
    "offers[0].openapi must be an OpenAPI description",
  ],
  [
    "a middleware of http-wasm as an operation",
    httpPackage("attacker", httpGuest({}), { offers: [{ kind: "http", openapi: run }] }).manifest,
    "offers[0].sources names a module of http-wasm, which only a middleware can be of",
  ],
  [
    "a need that is misspelled",
    { ...(goodModule.manifest as object), needs: { fetchh: [] } },
    "needs.fetchh is unknown",
  ],
];

/** A call of the host, what was granted, and what the guest is told. */
export interface CallAttack {
  readonly name: string;
  readonly needs: object;
  readonly fields: readonly MessageField[];
  readonly status: string;
  readonly says?: string;
}

const state = (keys?: string, access = "write") => ({
  state: [{ store: "statestore", access, ...(keys !== undefined && { keys }) }],
});
const asking = (call: string, ...pairs: readonly string[]): readonly MessageField[] => {
  const fields = [textField(":call", call)];
  for (let i = 0; i < pairs.length; i += 2)
    fields.push(textField(pairs[i] as string, pairs[i + 1] as string));
  return fields;
};
const key = (given: string, call = "state.get") =>
  asking(call, "store", "statestore", "key", given, ":body", "1");
const method = (given: string, app = "app") => asking("invoke", "app", app, "method", given);
const fetching = (url: string) => asking("fetch", "url", url);
const invoke = { invoke: [{ app: "app", methods: ["ok"] }] };
const anyMethod = { invoke: [{ app: "app" }] };
const origin = { fetch: ["https://good.example"] };

export const callAttacks: readonly CallAttack[] = [
  { name: "a store that was not granted", needs: {}, fields: key("k"), status: "403" },
  { name: "a key beside its prefix", needs: state("orders-"), fields: key("users-1"), status: "403" },
  {
    name: "a key that climbs out of its prefix",
    needs: state("orders-"),
    fields: key("orders-/../../secrets"),
    status: "204",
  },
  { name: "a key of another package", needs: state(""), fields: key("cap:other:secret"), status: "403" },
  { name: "a key that is a folder above", needs: state(""), fields: key(".."), status: "400" },
  {
    name: "a key of another app",
    needs: state(""),
    fields: key("other||k"),
    status: "400",
    says: "ERR_MALFORMED_REQUEST",
  },
  {
    name: "a write where it may read",
    needs: state(undefined, "read"),
    fields: key("k", "state.set"),
    status: "403",
  },
  {
    name: "a delete where it may read",
    needs: state(undefined, "read"),
    fields: key("k", "state.delete"),
    status: "403",
  },
  {
    name: "another store by its path",
    needs: state(),
    fields: asking("state.get", "store", "statestore/../secrets", "key", "k"),
    status: "403",
  },
  {
    name: "a transaction with a key beside its prefix",
    needs: state("a-"),
    fields: asking(
      "state.transaction",
      "store",
      "statestore",
      ":body",
      '{"operations":[{"operation":"upsert","request":{"key":"b","value":1}}]}',
    ),
    status: "403",
  },
  {
    name: "a transaction of nonsense",
    needs: state("a-"),
    fields: asking("state.transaction", "store", "statestore", ":body", '{"operations":[null]}'),
    status: "400",
  },
  { name: "a call of every object's name", needs: {}, fields: asking("__proto__"), status: "400" },
  { name: "an app that was not granted", needs: invoke, fields: method("ok", "other"), status: "403" },
  { name: "a method that was not granted", needs: invoke, fields: method("secret"), status: "403" },
  {
    name: "a method that climbs",
    needs: anyMethod,
    fields: method("ok/../../../../../v1.0/secrets/s/k"),
    status: "400",
  },
  {
    name: "a method that climbs by escapes",
    needs: anyMethod,
    fields: method("ok%2f..%2f..%2fsecret"),
    status: "400",
  },
  { name: "a method with a fragment", needs: anyMethod, fields: method("ok#x"), status: "400" },
  { name: "a method with a line end", needs: anyMethod, fields: method("ok\r\nx: y"), status: "400" },
  { name: "an app that is a path", needs: invoke, fields: method("ok", "app/method/x"), status: "403" },
  {
    name: "an HTTP method that is none",
    needs: invoke,
    fields: asking("invoke", "app", "app", "method", "ok", ":method", "CONNECT"),
    status: "400",
  },
  {
    name: "a topic that was not granted",
    needs: { publish: [{ pubsub: "pubsub", topics: ["a"] }] },
    fields: asking("publish", "pubsub", "pubsub", "topic", "b"),
    status: "403",
  },
  {
    name: "an origin that was not granted",
    needs: origin,
    fields: fetching("https://evil.example/"),
    status: "403",
  },
  {
    name: "an origin behind a user's name",
    needs: origin,
    fields: fetching("https://good.example@evil.example/"),
    status: "400",
  },
  {
    name: "an origin that begins like a granted one",
    needs: origin,
    fields: fetching("https://good.example.evil.example/"),
    status: "403",
  },
  {
    name: "the granted origin in clear text",
    needs: origin,
    fields: fetching("http://good.example/"),
    status: "403",
  },
  {
    name: "the sidecar itself",
    needs: origin,
    fields: fetching("http://localhost:3500/v1.0/metadata"),
    status: "403",
  },
  { name: "a file", needs: origin, fields: fetching("file:///etc/passwd"), status: "403" },
  {
    name: "a header within a header",
    needs: origin,
    fields: [...fetching("https://good.example/"), textField("x-a", "b\r\nc: d")],
    status: "400",
  },
];

/** A package that asks for one call, and answers with what it was told. */
export function caller(name: string, { needs, fields }: CallAttack): PackageSource {
  const asked = calls(...fields);
  // The results as a body: an answer with one field is put before them.
  const resume = `
    (i32.store (i32.const 131072) (i32.const 2)) (i32.store (i32.const 131076) (i32.const 1))
    (i32.store (i32.const 131080) (i32.const 5)) (i64.store (i32.const 131084) (i64.const 0x79646f623a))
    (i32.store (i32.const 131089) (local.get 1))
    (memory.copy (i32.const 131093) (local.get 0) (local.get 1))
    ${span("(i32.const 131072)", "(i32.add (local.get 1) (i32.const 21))")}`;
  const wat = guest({
    memory: "4 4",
    handle: fixed(asked),
    resume,
    more: `(data (i32.const 1024) ${data(asked)})`,
  });
  return watPackage(name, wat, { needs, offers: [{ kind: "http", openapi: run }] });
}
