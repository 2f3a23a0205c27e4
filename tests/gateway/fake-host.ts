import { encodeTable, TABLE } from "../../host/gateway/table.ts";
import type { GatewayTable } from "../../host/gateway/table-shape.ts";
import { FakeBodies } from "./fake-bodies.ts";
import { Resources } from "./fake-resources.ts";
import { FakeSockets } from "./fake-sockets.ts";
import { type GatewayModules, gatewayModules } from "./gateway-modules.ts";
import { GuestMemory } from "./guest-memory.ts";

/** How a body comes: bytes, a pause that ends when somebody waits, its end, or a break. */
export type Part = Uint8Array | "pause" | "end" | "broken";

/** How a body goes: how many bytes are taken at once, and whether the reader leaves at some time. */
export interface Sink {
  readonly room: number;
  /** After so many bytes nobody reads any more. */
  readonly leavesAfter: number;
}

export interface FakeRequest {
  /** Its number on wasi:http, or a text. */
  readonly method: number | string;
  readonly path: string | undefined;
  readonly authority: string | undefined;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: readonly Part[];
  readonly trailers: readonly (readonly [string, string])[] | undefined | "broken";
  readonly sink: Sink;
}

export interface FakeAnswer {
  /** The position of an `error-code` instead of an answer. */
  readonly error: number | undefined;
  /** Waits before it is there. */
  readonly after: number;
  readonly status: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: readonly Part[];
  readonly trailers: readonly (readonly [string, string])[] | undefined | "broken";
  readonly sink: Sink;
}

/** What a fake host saw of one request. */
export interface Seen {
  readonly status: number | undefined;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** False: the body was cut off. */
  readonly finished: boolean;
  readonly trailers: readonly (readonly [string, string])[] | undefined;
  readonly sent: readonly {
    readonly path: string;
    readonly fields: readonly (readonly [string, string])[];
    readonly body: Buffer;
    readonly finished: boolean;
  }[];
  /** What is still open. */
  readonly open: readonly string[];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a host refuses
const control = /[\0-\x08\x0a-\x1f\x7f]/;

const compiled = new Map<string, GatewayModules>();

function modulesOf(variant: string): GatewayModules {
  const found =
    compiled.get(variant) ?? gatewayModules(new URL(`../../dist/gateway/${variant}.wasm`, import.meta.url));
  compiled.set(variant, found);
  return found;
}

interface Response {
  status: number;
  readonly fields: readonly (readonly [string, string])[];
  body: number;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly cabi_realloc: (old: number, oldSize: number, align: number, size: number) => number;
}

type Handle = (request: number, out: number) => void;

/**
 * An instance of the gateway on a host that is all ours: it answers what a test says, keeps the rules of the canonical
 * ABI, and knows what is open. Whatever breaks a rule, or waits for what never comes, throws.
 */
export class FakeHost {
  readonly memory: GuestMemory;
  readonly #handle: Handle;
  readonly resources = new Resources();
  readonly #bodies: FakeBodies;
  readonly sockets: FakeSockets;
  #answers: readonly FakeAnswer[] = [];
  #asked = 0;
  #now = 1_000_000_000n;
  #response: Response | undefined;
  #sent: { path: string; fields: readonly (readonly [string, string])[]; body: number }[] = [];

  constructor(table: GatewayTable, variant = "http") {
    this.#bodies = new FakeBodies(this.resources, this);
    this.sockets = new FakeSockets(this, this.#bodies);
    const { allocator, gateway, imports } = modulesOf(variant);
    const own = new WebAssembly.Instance(allocator).exports as unknown as Exports;
    this.memory = new GuestMemory(own.memory, own.cabi_realloc);
    const functions = {
      ...this.#functions(),
      ...this.#bodies.functions(),
      ...this.sockets.functions(),
    } as Record<string, unknown>;
    const given: Record<string, unknown> = { "0": own.memory };
    for (const [short, { from, name }] of imports) {
      const dropped = /^\[resource-drop\](.*)$/.exec(name)?.[1];
      const found = dropped === undefined ? functions[`${from.replace(/@.*/, "")} ${name}`] : undefined;
      given[short] =
        found ??
        ((handle: number) => {
          // What only commands ask for is not there.
          if (dropped === undefined) throw new Error(`no ${name} of ${from} yet`);
          this.resources.drop(handle, dropped);
        });
    }
    const { exports } = new WebAssembly.Instance(gateway, { "": given } as WebAssembly.Imports);
    // Names are short in the file; a command's `run` takes nothing.
    const handle = Object.values(exports).find((each) => typeof each === "function" && each.length === 2);
    this.#handle = handle as unknown as Handle;
    this.memory.put(TABLE, encodeTable(table));
  }

  /** Lets time pass between requests. */
  pass(seconds: number): void {
    this.#now += BigInt(seconds) * 1_000_000_000n;
  }

  /** Has one request answered; `answers` are those of the upstreams, in the order in which they are asked. */
  handle(request: FakeRequest, answers: readonly FakeAnswer[]): Seen {
    this.#answers = answers;
    this.#asked = 0;
    this.#sent = [];
    this.#response = undefined;
    const handle = this.resources.open("incoming-request", request);
    const out = this.resources.open("response-outparam", request.sink);
    this.#handle(handle, out);
    // The call above has set it.
    const response = this.#response as Response | undefined;
    const written = response === undefined ? undefined : this.#bodies.written(response.body);
    return {
      status: response?.status,
      fields: response?.fields ?? [],
      body: written?.bytes ?? Buffer.alloc(0),
      finished: written?.finished ?? false,
      trailers: written?.trailers,
      sent: this.#sent.map(({ path, fields, body }) => ({ path, fields, ...this.#bodies.written(body) })),
      open: this.resources.left(),
    };
  }

  fields(list: readonly (readonly [string, string])[], parent?: number): number {
    return this.resources.open("fields", list, parent);
  }

  #functions(): Record<string, unknown> {
    const { resources } = this;
    const types = "wasi:http/types";
    const request = (handle: number) => resources.get<FakeRequest>(handle, "incoming-request");
    return {
      "wasi:clocks/monotonic-clock now": () => this.#now++,
      "wasi:clocks/monotonic-clock subscribe-instant": (when: bigint) =>
        resources.open("pollable", { alarm: when }),
      "wasi:clocks/wall-clock now": (ret: number) => {
        this.memory.view.setBigUint64(ret, 1_800_000_000n + this.#now / 1_000_000_000n, true);
        this.memory.view.setUint32(ret + 8, Number(this.#now % 1_000_000_000n), true);
      },
      "wasi:random/random get-random-u64": () => 0x0123456789abcdefn * this.#now,
      [`${types} [method]incoming-request.method`]: (self: number, ret: number) => {
        const { method } = request(self);
        this.memory.view.setUint8(ret, typeof method === "number" ? method : 9);
        if (typeof method === "string") this.memory.hand(Buffer.from(method, "latin1"), ret, 4);
      },
      [`${types} [method]incoming-request.path-with-query`]: (self: number, ret: number) =>
        this.memory.option(request(self).path, ret),
      [`${types} [method]incoming-request.authority`]: (self: number, ret: number) =>
        this.memory.option(request(self).authority, ret),
      [`${types} [method]incoming-request.headers`]: (self: number) =>
        this.fields(request(self).fields, self),
      [`${types} [method]incoming-request.consume`]: (self: number, ret: number) =>
        this.memory.result(ret, this.#bodies.incoming(request(self))),
      [`${types} [method]fields.entries`]: (self: number, ret: number) =>
        this.memory.pairs(resources.get<readonly (readonly [string, string])[]>(self, "fields"), ret),
      [`${types} [static]fields.from-list`]: (at: number, count: number, ret: number) => {
        const word = (offset: number) => this.memory.view.getUint32(at + offset, true);
        const list = Array.from({ length: count }, (_, i): [string, string] => [
          this.memory.text(word(i * 16), word(i * 16 + 4)),
          this.memory.text(word(i * 16 + 8), word(i * 16 + 12)),
        ]);
        const size = list.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
        if (size > 128 * 1024) throw new Error("total size of fields exceeds limit");
        const forbidden =
          /^(connection|host|transfer-encoding|keep-alive|upgrade|proxy-connection|http2-settings)$/;
        const valid = list.every(
          ([name, value]) => /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name) && !control.test(value),
        );
        if (!valid || list.some(([name]) => forbidden.test(name))) {
          this.memory.view.setUint8(ret, 1);
          this.memory.view.setUint8(ret + 4, 0);
        } else this.memory.result(ret, this.fields(list));
      },
      [`${types} [constructor]fields`]: () => this.fields([]),
      [`${types} [constructor]outgoing-response`]: (fields: number) =>
        resources.open("outgoing-response", {
          status: 200,
          fields: resources.take(fields, "fields"),
          body: -1,
        }),
      [`${types} [method]outgoing-response.set-status-code`]: (self: number, status: number) => {
        if (status < 100 || status > 999) return 1;
        resources.get<{ status: number }>(self, "outgoing-response").status = status;
        return 0;
      },
      [`${types} [method]outgoing-response.body`]: (self: number, ret: number) => {
        const response = resources.get<{ body: number }>(self, "outgoing-response");
        response.body = this.#bodies.outgoing();
        this.memory.result(ret, response.body);
      },
      [`${types} [static]response-outparam.set`]: (out: number, error: number, response: number) => {
        const sink = resources.take<Sink>(out, "response-outparam");
        if (error !== 0) throw new Error("an error instead of a response");
        this.#response = resources.take(response, "outgoing-response");
        this.#bodies.opens((this.#response as { body: number }).body, sink);
      },
      ...this.#outgoing(),
    };
  }

  #outgoing(): Record<string, unknown> {
    const { resources } = this;
    const types = "wasi:http/types";
    interface Outgoing {
      path: string;
      fields: readonly (readonly [string, string])[];
      body: number;
    }
    const outgoing = (self: number) => resources.get<Outgoing>(self, "outgoing-request");
    const isToken = (text: string) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
    return {
      [`${types} [constructor]outgoing-request`]: (fields: number) =>
        resources.open("outgoing-request", { path: "", fields: resources.take(fields, "fields"), body: -1 }),
      [`${types} [method]outgoing-request.set-method`]: (_: number, method: number, at: number, n: number) =>
        method === 9 && !isToken(this.memory.text(at, n)) ? 1 : 0,
      [`${types} [method]outgoing-request.set-scheme`]: () => 0,
      [`${types} [method]outgoing-request.set-authority`]: () => 0,
      [`${types} [method]outgoing-request.set-path-with-query`]: (
        self: number,
        _: number,
        at: number,
        n: number,
      ) => {
        outgoing(self).path = this.memory.text(at, n);
        return /^[\x21-\x7e\x80-\xff]*$/.test(outgoing(self).path) ? 0 : 1;
      },
      [`${types} [method]outgoing-request.body`]: (self: number, ret: number) => {
        outgoing(self).body = this.#bodies.outgoing();
        this.memory.result(ret, outgoing(self).body);
      },
      [`${types} [constructor]request-options`]: () => resources.open("request-options", undefined),
      [`${types} [method]request-options.set-connect-timeout`]: () => 0,
      "wasi:http/outgoing-handler handle": (self: number, _: number, options: number, ret: number) => {
        const sent = resources.take<Outgoing>(self, "outgoing-request");
        resources.take(options, "request-options");
        this.#sent.push(sent);
        const answer = this.#answers[this.#asked++ % this.#answers.length] as FakeAnswer;
        this.#bodies.opens(sent.body, answer.sink);
        this.memory.view.setUint8(ret, 0);
        this.memory.view.setUint32(
          ret + 8,
          resources.open("future-incoming-response", { answer, left: answer.after }),
          true,
        );
      },
      [`${types} [method]future-incoming-response.subscribe`]: (self: number) =>
        resources.open("pollable", { future: resources.get(self, "future-incoming-response") }, self),
      [`${types} [method]future-incoming-response.get`]: (self: number, ret: number) => {
        const future = resources.get<{ answer: FakeAnswer; left: number }>(self, "future-incoming-response");
        this.memory.view.setUint8(ret, future.left > 0 ? 0 : 1);
        if (future.left > 0) return;
        this.memory.view.setUint8(ret + 8, 0);
        this.memory.view.setUint8(ret + 16, future.answer.error === undefined ? 0 : 1);
        if (future.answer.error === undefined) {
          this.memory.view.setUint32(ret + 24, resources.open("incoming-response", future.answer), true);
        } else this.memory.view.setUint8(ret + 24, future.answer.error);
      },
      [`${types} [method]incoming-response.status`]: (self: number) =>
        resources.get<FakeAnswer>(self, "incoming-response").status,
      [`${types} [method]incoming-response.headers`]: (self: number) =>
        this.fields(resources.get<FakeAnswer>(self, "incoming-response").fields, self),
      [`${types} [method]incoming-response.consume`]: (self: number, ret: number) =>
        this.memory.result(ret, this.#bodies.incoming(resources.get<FakeAnswer>(self, "incoming-response"))),
      "wasi:io/poll [method]pollable.ready": (self: number) => (this.#isReady(self) ? 1 : 0),
      "wasi:io/poll poll": (at: number, count: number, ret: number) => {
        const polled = Array.from({ length: count }, (_, i) => this.memory.view.getUint32(at + i * 4, true));
        const isReady = (handle: number) => this.#isReady(handle);
        if (!polled.some(isReady)) for (const handle of polled) this.#progress(handle);
        if (!polled.some(isReady)) this.#passTime(polled);
        const ready = polled.flatMap((handle, i) => (isReady(handle) ? [i] : []));
        if (ready.length === 0) throw new Error("it waits for what never comes");
        this.memory.hand(Buffer.from(Uint32Array.from(ready).buffer), ret);
        this.memory.view.setUint32(ret + 4, ready.length, true);
      },
    };
  }

  #isReady(handle: number): boolean {
    const { alarm, future, stream } = resources<Pollable>(this, handle);
    if (alarm !== undefined) return this.#now >= alarm;
    if (future !== undefined) return future.left <= 0;
    return stream === undefined || this.#bodies.isReady(stream);
  }

  /** Somebody waits: what is paused goes on. */
  #progress(handle: number): void {
    const { future, stream } = resources<Pollable>(this, handle);
    if (future !== undefined) future.left--;
    if (stream !== undefined) this.#bodies.progress(stream);
  }

  #passTime(polled: readonly number[]): void {
    const alarms = polled.flatMap((handle) => resources<Pollable>(this, handle).alarm ?? []);
    const first = alarms.reduce<bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined);
    if (first !== undefined && first > this.#now) this.#now = first;
  }
}

interface Pollable {
  readonly alarm?: bigint;
  readonly future?: { left: number };
  readonly stream?: number;
}

function resources<T>(host: FakeHost, handle: number): T {
  return host.resources.get<T>(handle, "pollable");
}
