import { Resources } from "./fake-resources.ts";
import { GuestMemory } from "./guest-memory.ts";

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly cabiRealloc: (old: number, oldSize: number, align: number, size: number) => number;
}

/** How a stream goes on once it has no bytes, or no room, left. */
const ends = ["waits", "closed", "broken"] as const;

interface Input {
  bytes: Uint8Array;
  readonly end: (typeof ends)[number];
}

interface Output {
  room: number;
  readonly end: (typeof ends)[number];
  readonly taken: number[];
}

type Entries = readonly (readonly [Uint8Array, Uint8Array])[];

const named = (name: string, value: string) =>
  [new TextEncoder().encode(name), new TextEncoder().encode(value)] as const;

// biome-ignore lint/suspicious/noExplicitAny: what a program hands over is numbers, of either size
type Imports = Record<string, Record<string, (...given: any[]) => unknown>>;

/** What a request is made of; `taken`: its body was consumed before. */
const requests = [
  { method: 0, text: "", path: "/v1.0/healthz?a=b", authority: "edge:3500", taken: false },
  { method: 9, text: "BREW", path: undefined, authority: undefined, taken: true },
] as const;

/** What is known of a body's trailers. */
const trailers = ["pending", "none", "some", "broken", "taken"] as const;

/**
 * The imports of `assembly/gateway/wasi`, for its specs: a host that lays out what it answers as the canonical ABI has it, keeps the
 * rules of handles, and lets a spec say by the module `fake` what there is. Whatever breaks a rule throws.
 */
export class FakeWasi {
  readonly #resources = new Resources();
  readonly #dropped: number[] = [];
  #guest: GuestMemory | undefined;

  /** Before anything is called. */
  attach({ memory, cabiRealloc }: Exports): void {
    this.#guest = new GuestMemory(memory, cabiRealloc);
  }

  get #memory(): GuestMemory {
    if (this.#guest === undefined) throw new Error("no instance yet");
    return this.#guest;
  }

  /** A `stream-error`. */
  #fault(end: "closed" | "broken", at: number): void {
    this.#memory.view.setUint8(at, end === "closed" ? 1 : 0);
    if (end === "broken") this.#memory.view.setUint32(at + 4, this.#resources.open("error", {}), true);
  }

  /** What a program of specs imports of WASI, and `fake`. */
  imports(program: BufferSource): Imports {
    const known = this.#known();
    for (const { module, name } of WebAssembly.Module.imports(new WebAssembly.Module(program))) {
      if (!module.startsWith("wasi:")) continue;
      const kind = /^\[resource-drop\](.*)$/.exec(name)?.[1];
      known[module] ??= {};
      known[module][name] ??= (handle: number) => {
        if (kind === undefined) throw new Error(`no spec has called ${name} yet`);
        this.#resources.drop(handle, kind);
        this.#dropped.push(handle);
      };
    }
    return known;
  }

  #known(): Imports {
    const resources = this.#resources;
    const input = (handle: number) => resources.get<Input>(handle, "input-stream");
    const output = (handle: number) => resources.get<Output>(handle, "output-stream");
    const request = (handle: number) => resources.get<(typeof requests)[number]>(handle, "incoming-request");
    return {
      fake: {
        input: (at: number, length: number, end: number) =>
          resources.open("input-stream", { bytes: this.#memory.bytes(at, length), end: ends[end] }),
        output: (room: number, end: number) =>
          resources.open("output-stream", { room, end: ends[end], taken: [] }),
        taken: (handle: number, at: number) => {
          const { taken } = output(handle);
          this.#memory.put(at, taken);
          return taken.length;
        },
        pollable: (ready: number) => resources.open("pollable", { ready: ready !== 0 }),
        request: (which: number) => resources.open("incoming-request", requests[which]),
        body: (which: number) => resources.open("incoming-body", { trailers: trailers[which], read: false }),
        writable: () => resources.open("outgoing-body", { written: false }),
        open: () => resources.left().length,
        dropped: (fromLast: number) => this.#dropped.at(-1 - fromLast) ?? 0,
      },
      "wasi:io/streams@0.2.12": {
        "[method]input-stream.read": (handle: number, length: bigint, at: number) => {
          const stream = input(handle);
          const { end } = stream;
          const ended = stream.bytes.length === 0 && end !== "waits";
          this.#memory.view.setUint8(at, ended ? 1 : 0);
          if (ended) return this.#fault(end, at + 4);
          const bytes = stream.bytes.subarray(0, Number(length));
          stream.bytes = stream.bytes.subarray(bytes.length);
          this.#memory.hand(bytes, at + 4);
        },
        "[method]input-stream.subscribe": (handle: number) =>
          resources.open("pollable", { ready: input(handle).bytes.length > 0 }, handle),
        "[method]output-stream.check-write": (handle: number, at: number) => {
          const { room, end } = output(handle);
          const ended = room === 0 && end !== "waits";
          this.#memory.view.setUint8(at, ended ? 1 : 0);
          if (ended) this.#fault(end, at + 8);
          else this.#memory.view.setBigUint64(at + 8, BigInt(room), true);
        },
        "[method]output-stream.write": (handle: number, from: number, length: number, at: number) => {
          const stream = output(handle);
          if (length > stream.room) throw new Error(`${length} bytes, where ${stream.room} were allowed`);
          stream.room -= length;
          stream.taken.push(...this.#memory.bytes(from, length));
          this.#memory.view.setUint8(at, 0);
        },
        "[method]output-stream.subscribe": (handle: number) =>
          resources.open("pollable", { ready: output(handle).room > 0 }, handle),
      },
      "wasi:io/poll@0.2.12": {
        "[method]pollable.ready": (handle: number) =>
          Number(resources.get<{ ready: boolean }>(handle, "pollable").ready),
        poll: (from: number, count: number, at: number) => {
          const handles = Array.from({ length: count }, (_, i) =>
            this.#memory.view.getUint32(from + i * 4, true),
          );
          const ready = handles.flatMap((handle, i) =>
            resources.get<{ ready: boolean }>(handle, "pollable").ready ? [i] : [],
          );
          if (ready.length === 0) throw new Error("it waits for what never comes");
          this.#memory.hand(new Uint8Array(Uint32Array.from(ready).buffer), at);
          this.#memory.view.setUint32(at + 4, ready.length, true);
        },
      },
      "wasi:http/types@0.2.12": {
        "[constructor]fields": () => resources.open("fields", []),
        "[method]fields.entries": (handle: number, at: number) =>
          this.#memory.pairs(resources.get<Entries>(handle, "fields"), at),
        "[static]fields.from-list": (from: number, count: number, at: number) => {
          const word = (offset: number) => this.#memory.view.getUint32(from + offset, true);
          const entries: Entries = Array.from({ length: count }, (_, i) => [
            this.#memory.bytes(word(i * 16), word(i * 16 + 4)),
            this.#memory.bytes(word(i * 16 + 8), word(i * 16 + 12)),
          ]);
          const plain = entries.every(([name]) => name.every((byte) => byte > 0x20 && byte < 0x7f));
          this.#memory.result(at, plain ? resources.open("fields", entries) : undefined);
        },
        "[method]incoming-request.method": (handle: number, at: number) => {
          const { method, text } = request(handle);
          this.#memory.view.setUint8(at, method);
          if (text !== "") this.#memory.hand(new TextEncoder().encode(text), at + 4);
        },
        "[method]incoming-request.path-with-query": (handle: number, at: number) =>
          this.#memory.option(request(handle).path, at),
        "[method]incoming-request.authority": (handle: number, at: number) =>
          this.#memory.option(request(handle).authority, at),
        "[method]incoming-request.headers": (handle: number) => {
          request(handle);
          return resources.open("fields", [named("x", "1"), named("x", "2"), named("empty", "")], handle);
        },
        "[method]incoming-request.consume": (handle: number, at: number) => {
          const body = { trailers: "none", read: false };
          this.#memory.result(at, request(handle).taken ? undefined : resources.open("incoming-body", body));
        },
        "[constructor]outgoing-response": (fields: number) => {
          resources.take(fields, "fields");
          return resources.open("outgoing-response", { status: 200 });
        },
        "[method]outgoing-response.set-status-code": (handle: number, status: number) => {
          resources.get(handle, "outgoing-response");
          return status >= 100 && status < 1000 ? 0 : 1;
        },
        "[method]outgoing-response.body": (handle: number, at: number) => {
          resources.get(handle, "outgoing-response");
          this.#memory.result(at, resources.open("outgoing-body", { written: false }));
        },
        "[static]response-outparam.set": (out: number, error: number, response: number) => {
          if (error !== 0) throw new Error("an error instead of a response");
          resources.take(response, "outgoing-response");
          this.#dropped.push(out);
        },
        "[method]incoming-body.stream": (handle: number, at: number) => {
          const body = resources.get<{ read: boolean }>(handle, "incoming-body");
          const stream = { bytes: new Uint8Array(0), end: "closed" };
          this.#memory.result(at, body.read ? undefined : resources.open("input-stream", stream, handle));
          body.read = true;
        },
        "[static]incoming-body.finish": (handle: number) =>
          resources.open("future-trailers", resources.take(handle, "incoming-body")),
        "[method]future-trailers.subscribe": (handle: number) =>
          resources.open("pollable", { ready: true }, handle),
        "[method]future-trailers.get": (handle: number, at: number) => {
          const { trailers: known } = resources.get<{ trailers: (typeof trailers)[number] }>(
            handle,
            "future-trailers",
          );
          // option<result<result<option<fields>, error-code>>>
          this.#memory.view.setUint8(at, known === "pending" ? 0 : 1);
          this.#memory.view.setUint8(at + 8, known === "taken" ? 1 : 0);
          this.#memory.view.setUint8(at + 16, known === "broken" ? 1 : 0);
          this.#memory.view.setUint8(at + 24, known === "some" ? 1 : 0);
          if (known === "some")
            this.#memory.view.setUint32(at + 28, resources.open("fields", [named("sum", "42")]), true);
        },
        "[method]outgoing-body.write": (handle: number, at: number) => {
          const body = resources.get<{ written: boolean }>(handle, "outgoing-body");
          const stream = { room: 10, end: "waits", taken: [] };
          this.#memory.result(at, body.written ? undefined : resources.open("output-stream", stream, handle));
          body.written = true;
        },
        "[static]outgoing-body.finish": (handle: number, some: number, fields: number, at: number) => {
          resources.take(handle, "outgoing-body");
          if (some !== 0) resources.take(fields, "fields");
          this.#memory.view.setUint8(at, 0);
        },
      },
    };
  }
}
