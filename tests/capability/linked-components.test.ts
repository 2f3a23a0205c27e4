import { parse } from "@bytecodealliance/jco";
import { expect, it } from "vitest";
import { capabilityAbi } from "../../host/capability/abi.ts";
import { admit } from "../../host/capability/admission.ts";
import { linkComponent } from "../../host/node/cli/capability/component/link-component.ts";
import { Guest } from "./guest.ts";
import { sha256 } from "./wat-package.ts";

const guestName = "daprlet:capability/guest@1.0.0";

async function linked(wat: string, pages = 4): Promise<Guest> {
  const component = new Uint8Array(await parse(wat));
  const bytes = new Uint8Array(await linkComponent(component, pages, import.meta.dirname));
  const entry = { name: "guest", path: "guest.wasm", sha256: sha256(bytes), abi: "capability" } as const;
  const granted = { clock: true, random: true, rewrite: false };
  return await Guest.start(
    await admit(bytes, entry, { abi: capabilityAbi, granted, limits: { memory: pages << 16 } }),
    { answer: 4096 },
    { now: () => 1000, random: (bytes: Uint8Array<ArrayBuffer>) => bytes },
  );
}

/** A step with the status 200 and a body of seven bytes, at 128 of a memory. */
const step = `(data (i32.const 128) "\\00\\00\\00\\00\\c8\\00\\00\\00\\04\\00\\00\\00\\00\\00\\00\\00\\10\\00\\00\\00\\07\\00\\00\\00")`;

const allocator = `(global $top (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $top (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.get $top)
    (global.set $top (i32.add (global.get $top) (local.get 3))))`;

/**
 * As toolchains link shared libraries: a memory, a table and the bases of each library in one module; libraries that import
 * them, and addresses by way of mutable globals; a shim in front of what needs a memory; what fills its table and the
 * libraries' when all is there, and starts them.
 */
const libraries = `(component
  (import "wasi:cli/stderr@0.2.12" (instance $stderr (export "get-stderr" (func (result u32)))))
  (import "wasi:io/streams@0.2.12" (instance $streams
    (export "[method]output-stream.blocking-write-and-flush" (func (param "contents" (list u8))))))
  (import "wasi:sockets/tcp@0.2.12" (instance $tcp (export "[method]tcp-socket.listen" (func))))
  (core module $main
    (memory (export "memory") 1)
    (table (export "__indirect_function_table") 8 funcref)
    ${allocator} ${step}
    (global (export "lib:memory_base") i32 (i32.const 512))
    (global (export "lib:table_base") i32 (i32.const 3))
    (global (export "lib:spoken") (mut i32) (i32.const 0)))
  (core module $shim
    (table (export "$imports") 2 2 funcref)
    (func (export "0") (param i32 i32 i32 i32)
      (call_indirect (param i32 i32 i32 i32) (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 0)))
    (func (export "1") (param i32 i32) (call_indirect (param i32 i32) (local.get 0) (local.get 1) (i32.const 1))))
  (core module $lib
    (import "env" "memory" (memory 0))
    (import "env" "__indirect_function_table" (table 0 funcref))
    (import "env" "__memory_base" (global $base i32))
    (import "GOT.func" "spoken" (global $spoken (mut i32)))
    (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $out (result i32)))
    (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
      (func $write (param i32 i32 i32 i32)))
    (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.listen" (func $listen (param i32 i32)))
    (global $started (mut i32) (i32.const 0))
    (data (global.get $base) "printed")
    (func (export "spoken") (param i32) (result i32)
      (memory.copy (i32.const 16) (global.get $base) (i32.const 7))
      (if (i32.ne (global.get $started) (i32.const 1)) (then (call $listen (i32.const 0) (i32.const 0))))
      (call $write (call $out) (i32.const 16) (i32.const 7) (i32.const 64))
      (i32.const 128))
    (func (export "_initialize") (global.set $started (i32.add (global.get $started) (i32.const 1))))
    (func (export "resume") (param i32 i32) (result i32) (unreachable))
    (func (export "handle") (param i32) (result i32)
      (call_indirect (param i32) (result i32) (local.get 0) (global.get $spoken))))
  (core module $fixup
    (import "shim" "$imports" (table $shim 0 funcref))
    (import "actual" "0" (func $write (param i32 i32 i32 i32)))
    (import "actual" "1" (func $listen (param i32 i32)))
    (import "main" "memory" (memory 0))
    (import "main" "__indirect_function_table" (table $main 0 funcref))
    (import "main" "lib:spoken" (global $got (mut i32)))
    (import "lib" "spoken" (func $spoken (param i32) (result i32)))
    (import "lib" "_initialize" (func $initialize))
    (elem (table $shim) (i32.const 0) func $write $listen)
    (elem (table $main) (i32.const 3) func $spoken)
    (func $begin (global.set $got (i32.const 3)) (call $initialize))
    (start $begin))
  (core instance $shim (instantiate $shim))
  (core instance $main (instantiate $main))
  (core func $out (canon lower (func $stderr "get-stderr")))
  (core instance $stderr (export "get-stderr" (func $out)))
  (core instance $streams
    (export "[method]output-stream.blocking-write-and-flush" (func $shim "0")))
  (core instance $tcp (export "[method]tcp-socket.listen" (func $shim "1")))
  (core instance $env
    (export "memory" (memory $main "memory"))
    (export "__indirect_function_table" (table $main "__indirect_function_table"))
    (export "__memory_base" (global $main "lib:memory_base")))
  (core instance $got (export "spoken" (global $main "lib:spoken")))
  (core instance $lib (instantiate $lib
    (with "env" (instance $env)) (with "GOT.func" (instance $got))
    (with "wasi:cli/stderr@0.2.0" (instance $stderr)) (with "wasi:io/streams@0.2.0" (instance $streams))
    (with "wasi:sockets/tcp@0.2.0" (instance $tcp))))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $main "memory"))))
  (core func $listen (canon lower (func $tcp "[method]tcp-socket.listen")))
  (core instance $actual (export "0" (func $write)) (export "1" (func $listen)))
  (core instance (instantiate $fixup (with "shim" (instance $shim)) (with "actual" (instance $actual))
    (with "main" (instance $main)) (with "lib" (instance $lib))))
  (func $handle (canon lift (core func $lib "handle") (memory (core memory $main "memory")) (realloc (core func $main "cabi_realloc"))))
  (func $resume (canon lift (core func $lib "resume")))
  (instance $guest (export "handle" (func $handle)) (export "resume" (func $resume)))
  (export "${guestName}" (instance $guest)))`;

/** A component whose module takes a function of another one within it. */
const composed = (body: string, options = "") => `(component
  (component $dependency
    (core module $m (memory (export "memory") 1) (func (export "double") (param i32) (result i32) ${body}))
    (core instance $i (instantiate $m))
    (func (export "double") (param "n" u32) (result u32) (canon lift (core func $i "double") ${options})))
  (component $guest
    (import "acme:numbers/api" (instance $api (export "double" (func (param "n" u32) (result u32)))))
    (core module $m
      (import "acme:numbers/api" "double" (func $double (param i32) (result i32)))
      (memory (export "memory") 1)
      ${allocator} ${step}
      (func (export "resume") (param i32 i32) (result i32) (drop (call $double (i32.const 1))) (i32.const 128))
      (func (export "handle") (param i32) (result i32) (i32.const 128)))
    (core func $double (canon lower (func $api "double")))
    (core instance $api (export "double" (func $double)))
    (core instance $i (instantiate $m (with "acme:numbers/api" (instance $api))))
    (func $handle (canon lift (core func $i "handle") (memory (core memory $i "memory")) (realloc (core func $i "cabi_realloc"))))
    (func $resume (canon lift (core func $i "resume") (memory (core memory $i "memory"))))
    (instance $guest (export "handle" (func $handle)) (export "resume" (func $resume)))
    (export "${guestName}" (instance $guest)))
  (instance $d (instantiate $dependency))
  (instance $g (instantiate $guest (with "acme:numbers/api" (instance $d))))
  (export "${guestName}" (instance $g "${guestName}")))`;

it("links libraries that a component shares out at its start, and starts them once", async () => {
  const guest = await linked(libraries);
  for (let i = 0; i < 2; i++) expect(guest.call([])).toMatchObject({ status: 200, text: "printed" });
}, 60_000);

it("traps where a component within a component does nothing else", async () => {
  const guest = await linked(composed("unreachable"));
  expect(guest.call([]).status).toBe(200);
}, 60_000);

it.each([
  [
    composed("local.get 0"),
    "it calls acme:numbers/api double, of another component that it is composed with",
  ],
  [
    libraries.replaceAll("wasi:sockets/tcp", "acme:net/tcp"),
    "it imports what a package is not given: acme:net/tcp@0.2.12 [method]tcp-socket.listen",
  ],

  [libraries.replace('(export "handle" (func $handle))', ""), `its ${guestName} has no function handle`],
  ["(component)", "it exports none of daprlet:capability/guest@1"],
  [
    libraries.replace(`(core func $lib "handle")`, `(core func $lib "handle") async`),
    "its function handle is asynchronous",
  ],
])(
  "refuses a component by the name of what it lacks: %#",
  async (wat, cause) => {
    await expect(linked(wat)).rejects.toThrow(cause);
  },
  60_000,
);
