import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { componentEmbed, componentNew } from "@bytecodealliance/jco";
import { beforeAll, describe, expect, it } from "vitest";
import { capabilityAbi } from "../../host/capability/abi.ts";
import { admit } from "../../host/capability/admission.ts";
import { CapabilityGuest } from "../../host/capability/capability-guest.ts";
import { encodeMessage, messageKind } from "../../host/capability/message.ts";
import { packagesIn } from "../../host/node/capability/package-folders.ts";
import { buildPackage } from "../../host/node/cli/capability/build.ts";
import { linkComponent } from "../../host/node/cli/capability/component/link-component.ts";
import { createRuntime } from "../../host/node/create-runtime.ts";
import { capabilityWit, compiledC, componentOf, httpWit, libraryWit, noCompiler } from "./built-component.ts";
import { type Asked, Guest } from "./guest.ts";
import { sha256, wasm, watPackage } from "./wat-package.ts";

const counted = { openapi: "3.1.0", paths: { "/count": { post: { operationId: "count" } } } };
const here = import.meta.dirname;

async function admitted(bytes: Uint8Array<ArrayBuffer>) {
  const entry = { name: "guest", path: "guest.wasm", sha256: sha256(bytes), abi: "capability" } as const;
  const terms = {
    abi: capabilityAbi,
    granted: { clock: true, random: true, rewrite: false },
    limits: { memory: 1 << 20 },
  };
  return await admit(bytes, entry, terms);
}

describe.skipIf(noCompiler && process.env.CI !== "true")(
  "a Wasm component of the world in capabilities/wit",
  () => {
    let component: Uint8Array<ArrayBuffer>;
    let guest: Guest;
    beforeAll(async () => {
      component = await componentOf(compiledC("component-c/guest.c"), capabilityWit(), "capability");
      const linked = await linkComponent(component, 16, here);
      const module = await admitted(new Uint8Array(linked));
      console.log(`a component of ${component.length} bytes is a module of ${linked.length}`);
      expect(module.imports.toSorted()).toEqual(["cap_host.clock", "cap_host.log", "cap_host.random"]);
      expect(module.memory).toBe(1 << 20);
      guest = await Guest.start(module, { answer: 4096 }, { now: () => 1000.5 });
    }, 60_000);

    it("answers as a module of the ABI does", () => {
      const answer = guest.call([
        [":operation", "greet"],
        ["name", "Žofie"],
        ["accept", "*/*"],
      ]);
      expect([answer.status, answer.text]).toEqual([200, "Hello, Žofie"]);
      expect([...answer.headers]).toEqual([["content-type", "text/plain"]]);
    });

    it("is told all of a request: config, prepared state, bytes", () => {
      const answer = guest.call([
        [":offer", "main"],
        [":operation", "tell"],
        [":method", "POST"],
        [":path", "/x"],
        [":query", "a=1"],
        [":body", "body"],
        [":actor", "a"],
        [":config", '{"a":"1","q\\"\\\\\\u00e9\\ud83e\\udd8a\\n":"x:,y","empty":""}'],
        ["x", "1"],
        ["empty", ""],
        ["x", "2"],
        [":state.k", "[1]"],
      ]);
      expect([answer.status, answer.text]).toEqual([
        201,
        'main POST /x?a=1 :actor=a;x=1;empty=;x=2; body a=1;q"\\é🦊\n=x:,y;empty=; k=[1];',
      ]);
    });

    it("asks for calls, and goes on with their results", () => {
      const asked: Asked[] = [];
      const answer = guest.call([[":operation", "count"]], (call) => {
        asked.push(call);
        if (call.call !== "state.get") return [[":status", "204"]];
        return [
          [":status", "200"],
          ["etag", "7"],
          [":body", '"II"'],
        ];
      });
      expect(answer.text).toBe("204 204 ");
      const text = ({ call, fields, body }: Asked) => [
        call,
        Object.fromEntries(fields),
        Buffer.from(body).toString(),
      ];
      expect(asked.map(text)).toEqual([
        ["state.get", { store: "statestore", key: "n" }, ""],
        ["state.set", { store: "statestore", key: "n", etag: "7", ttl: "3600" }, '"III"'],
        ["publish", { pubsub: "pubsub", topic: "counted", "content-type": "text/plain" }, '"III"'],
      ]);
    });

    it("asks for what has a name in the ABI and none in the world", () => {
      const asked: Asked[] = [];
      const perform = (call: Asked): [string, string][] => {
        asked.push(call);
        return asked.length === 1
          ? [[":status", "204"]]
          : [
              [":status", "403"],
              [":error", "ERR_NOT"],
              [":body", "why"],
            ];
      };
      // `resume` makes nothing of more results than one but a list of what they are.
      expect(guest.call([[":operation", "remember"]], perform).text).toBe("204 403 ERR_NOT");
      expect(asked.map(({ call, fields }) => [call, fields.get("key")])).toEqual([
        ["actor.state.set", "k"],
        ["actor.state.get", "k"],
      ]);
      expect(Buffer.from(asked[0]?.body ?? []).toString()).toBe("1");
    });

    it("refuses, lets a request go on, and uses chance and the clock", () => {
      expect(guest.call([[":operation", "other"]])).toMatchObject({
        status: 404,
        error: "ERR_NO_OPERATION",
        text: "other",
      });
      expect(guest.call([[":operation", "handle-request"]])).toMatchObject({ next: true, text: "" });
      const changed = guest.call([
        [":operation", "handle-request"],
        [":query", "changed"],
      ]);
      expect([changed.next, changed.text, changed.headers.get("x-seen")]).toEqual([true, "changed", "yes"]);
      const { status, body } = guest.call([[":operation", "random"]]);
      expect([status, ...body]).toEqual([200, 7, 7, 7, 7]);
    });

    it("has of WASI what a language's library begins with", () => {
      expect(guest.call([[":operation", "library"]]).status).toBe(200);
    });

    it("is told that its answer was read", () => {
      const posts = () => Number(guest.call([[":operation", "posts"]]).text);
      const before = posts();
      expect(posts()).toBe((before + 1) % 10);
    });

    it("answers large messages, one after the other", () => {
      for (let i = 0; i < 20; i++) {
        const answer = guest.call([
          [":operation", "tell"],
          [":body", "b".repeat(1 + i * 100)],
        ]);
        expect(answer.text).toContain(`${"b".repeat(1 + i * 100)} `);
      }
    });

    it("is a package like any other, with the hash of what it came to", async () => {
      const folder = mkdtempSync(join(tmpdir(), "daprlet-component-package-"));
      try {
        const { manifest } = watPackage("counter", "(module)", {
          modules: [{ name: "main", path: "guest.wasm" }],
          offers: [{ kind: "http", openapi: counted }],
          needs: {
            state: [{ store: "statestore", access: "write" }],
            publish: [{ pubsub: "pubsub", topics: ["counted"] }],
            clock: true,
            random: true,
          },
        });
        writeFileSync(join(folder, "capability.json"), JSON.stringify(manifest));
        writeFileSync(join(folder, "guest.wasm"), component);
        await buildPackage(folder, join(folder, "dist"));
        const grants = { counter: "all" };
        const runtime = await createRuntime({
          capabilities: { paths: [], packages: (await packagesIn([join(folder, "dist")])).sources, grants },
          clock: "system",
        });
        const count = async () =>
          (await runtime.fetch("/v1.0/capabilities/counter/count", { method: "POST" })).text();
        expect([await count(), await count()]).toEqual(["204 204 ", "204 204 "]);
        expect(await (await runtime.fetch("/v1.0/state/statestore/cap:counter:n")).json()).toBe("II");
        await runtime.stop();
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });

    it.each([
      ["capability", capabilityWit],
      ["server", httpWit],
      ["library", httpWit],
      ["library", libraryWit],
    ] as const)(
      "finds every function of the world %s, by the component model's newer names",
      async (world, wit) => {
        const dummy = await componentEmbed({ witSource: wit(), world, dummy: true });
        const linked = await linkComponent(new Uint8Array(await componentNew(dummy, [])), 16, here);
        await admitted(new Uint8Array(linked));
      },
    );

    it("is refused where its memory does not fit", async () => {
      await expect(linkComponent(component, 0, here)).rejects.toThrow("its memory begins with");
    });
  },
);

it("gives a language's library WASI's streams, to print to, and no folder, by interfaces of preview 2", async () => {
  const core = wasm(`
    (import "wasi:cli/stderr@0.2.12" "get-stderr" (func $out (result i32)))
    (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
      (func $write (param i32 i32 i32 i32)))
    (import "wasi:filesystem/preopens@0.2.12" "get-directories" (func $folders (param i32)))
    (import "wasi:filesystem/types@0.2.12" "[method]descriptor.stat" (func $stat (param i32 i32)))
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 1024))
    (data (i32.const 16) "printed")
    (data (i32.const 128) "\\00\\00\\00\\00\\c8\\00\\00\\00\\04\\00\\00\\00\\00\\00\\00\\00\\10\\00\\00\\00\\07\\00\\00\\00")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $top (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.get $top)
      (global.set $top (i32.add (global.get $top) (local.get 3))))
    (func (export "daprlet:capability/guest@1.0.0#resume") (param i32 i32) (result i32) (unreachable))
    (func (export "daprlet:capability/guest@1.0.0#handle") (param i32) (result i32)
      (call $write (call $out) (i32.const 16) (i32.const 7) (i32.const 64))
      (call $folders (i32.const 80))
      (if (i32.load (i32.const 84)) (then (call $stat (i32.const 1) (i32.const 96))))
      (i32.const 128))`);
  const linked = new Uint8Array(
    await linkComponent(await componentOf(core, libraryWit(), "library"), 16, here),
  );
  const { module, imports } = await admitted(linked);
  const platform = { now: () => 1000, random: (bytes: Uint8Array<ArrayBuffer>) => bytes };
  const guest = await CapabilityGuest.start({ module, imports, answer: 4096 }, platform);
  const { bytes, lines } = guest.call("handle", encodeMessage({ kind: messageKind.request, fields: [] }));
  expect(new TextDecoder().decode(bytes)).toContain("printed");
  expect(lines).toEqual([{ level: "error", text: "printed" }]);
}, 60_000);
