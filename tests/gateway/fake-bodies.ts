import type { FakeHost, Part, Sink } from "./fake-host.ts";
import type { Resources } from "./fake-resources.ts";

type FieldList = readonly (readonly [string, string])[];

interface Source {
  parts: readonly Part[];
  at: number;
  readonly trailers: FieldList | undefined | "broken";
}

interface Target {
  readonly chunks: Buffer[];
  size: number;
  sink: Sink | undefined;
  /** What may still be written before somebody waits. */
  room: number;
  finished: boolean;
  trailers: FieldList | undefined;
}

const closed = 1;
const lastOperationFailed = 0;

/** Bodies and their streams, both ways. */
export class FakeBodies {
  readonly #resources: Resources;
  readonly #host: FakeHost;
  readonly #targets = new Map<number, Target>();

  constructor(resources: Resources, host: FakeHost) {
    this.#resources = resources;
    this.#host = host;
  }

  incoming({
    body,
    trailers,
  }: {
    readonly body: readonly Part[];
    readonly trailers: Source["trailers"];
  }): number {
    return this.#resources.open("incoming-body", { parts: body, at: 0, trailers } satisfies Source);
  }

  /** The stream of what comes over a connection. */
  input(parts: readonly Part[], socket: number): number {
    return this.#open("input-stream", { source: { parts, at: 0, trailers: undefined } }, socket);
  }

  /** The stream of what goes there. */
  output(sink: Sink, socket: number): number {
    const target: Target = {
      chunks: [],
      size: 0,
      sink,
      room: sink.room,
      finished: false,
      trailers: undefined,
    };
    return this.#open("output-stream", { target }, socket);
  }

  outgoing(): number {
    const target: Target = {
      chunks: [],
      size: 0,
      sink: undefined,
      room: 0,
      finished: false,
      trailers: undefined,
    };
    const handle = this.#resources.open("outgoing-body", target);
    this.#targets.set(handle, target);
    return handle;
  }

  /** The message was sent: somebody reads from now on. */
  opens(body: number, sink: Sink): void {
    const target = this.#targets.get(body) as Target;
    target.sink = sink;
    target.room = sink.room;
  }

  written(body: number): {
    readonly bytes: Buffer;
    readonly body: Buffer;
    readonly finished: boolean;
    readonly trailers: FieldList | undefined;
  } {
    const { chunks, finished, trailers } = this.#targets.get(body) as Target;
    this.#targets.delete(body);
    const bytes = Buffer.concat(chunks);
    return { bytes, body: bytes, finished, trailers };
  }

  /** Of a stream by its handle. */
  isReady(stream: number): boolean {
    const { source, target } = this.#stream(stream);
    if (source !== undefined) return source.parts[source.at] !== "pause";
    return target !== undefined && (this.#left(target) || target.room > 0);
  }

  progress(stream: number): void {
    const { source, target } = this.#stream(stream);
    if (source !== undefined && source.parts[source.at] === "pause") source.at++;
    if (target?.sink !== undefined) target.room = target.sink.room;
  }

  #stream(handle: number): { readonly source?: Source; readonly target?: Target } {
    return this.#resources.get(handle, this.#kinds.get(handle) ?? "input-stream");
  }
  readonly #kinds = new Map<number, string>();

  #left(target: Target): boolean {
    return target.sink !== undefined && target.size >= target.sink.leavesAfter;
  }

  #open(kind: "input-stream" | "output-stream", value: object, parent: number): number {
    const handle = this.#resources.open(kind, value, parent);
    this.#kinds.set(handle, kind);
    return handle;
  }

  /** Bytes that are there, a fault of a stream, or nothing. */
  #read(source: Source, length: number): Buffer | "closed" | "broken" {
    const part = source.parts[source.at];
    if (part === undefined || part === "end") return "closed";
    if (part === "broken") return "broken";
    if (part === "pause") return Buffer.alloc(0);
    const bytes = Buffer.from(part.subarray(0, length));
    const rest = part.subarray(length);
    source.parts = [
      ...source.parts.slice(0, source.at),
      ...(rest.length > 0 ? [rest] : []),
      ...source.parts.slice(source.at + 1),
    ];
    return bytes;
  }

  #fault(ret: number, at: number, kind: number): void {
    this.#host.memory.view.setUint8(ret, 1);
    this.#host.memory.view.setUint8(ret + at, kind);
    if (kind === lastOperationFailed) {
      this.#host.memory.view.setUint32(ret + at + 4, this.#resources.open("error", undefined), true);
    }
  }

  functions(): Record<string, unknown> {
    const types = "wasi:http/types";
    const io = "wasi:io/streams";
    const resources = this.#resources;
    const input = (handle: number) => resources.get<{ source: Source }>(handle, "input-stream").source;
    const output = (handle: number) => resources.get<{ target: Target }>(handle, "output-stream").target;
    const view = () => this.#host.memory.view;
    const write = (target: Target, bytes: Buffer) => {
      if (bytes.length > target.room) throw new Error("more is written than there is room for");
      target.room -= bytes.length;
      target.size += bytes.length;
      target.chunks.push(bytes);
    };
    return {
      [`${types} [method]incoming-body.stream`]: (self: number, ret: number) =>
        this.#host.memory.result(
          ret,
          this.#open("input-stream", { source: resources.get(self, "incoming-body") }, self),
        ),
      [`${types} [static]incoming-body.finish`]: (self: number) => {
        const source = resources.take<Source>(self, "incoming-body");
        return resources.open("future-trailers", { source, taken: false });
      },
      [`${types} [method]future-trailers.subscribe`]: (self: number) => resources.open("pollable", {}, self),
      [`${types} [method]future-trailers.get`]: (self: number, ret: number) => {
        const { source } = resources.get<{ source: Source }>(self, "future-trailers");
        view().setUint8(ret, 1);
        view().setUint8(ret + 8, 0);
        view().setUint8(ret + 16, source.trailers === "broken" ? 1 : 0);
        if (source.trailers === "broken") return view().setUint8(ret + 24, 38);
        view().setUint8(ret + 24, source.trailers === undefined ? 0 : 1);
        if (source.trailers !== undefined)
          view().setUint32(ret + 28, this.#host.fields(source.trailers), true);
      },
      [`${types} [method]outgoing-body.write`]: (self: number, ret: number) =>
        this.#host.memory.result(
          ret,
          this.#open("output-stream", { target: resources.get(self, "outgoing-body") }, self),
        ),
      [`${types} [static]outgoing-body.finish`]: (
        self: number,
        some: number,
        fields: number,
        ret: number,
      ) => {
        const target = resources.take<Target>(self, "outgoing-body");
        if (some !== 0) target.trailers = resources.take(fields, "fields");
        target.finished = true;
        view().setUint8(ret, 0);
      },
      [`${io} [method]input-stream.read`]: (self: number, length: bigint, ret: number) => {
        const found = this.#read(input(self), Number(length));
        if (found === "closed") return this.#fault(ret, 4, closed);
        if (found === "broken") return this.#fault(ret, 4, lastOperationFailed);
        view().setUint8(ret, 0);
        this.#host.memory.hand(found, ret, 4);
      },
      [`${io} [method]input-stream.subscribe`]: (self: number) =>
        resources.open("pollable", { stream: self }, self),
      [`${io} [method]output-stream.subscribe`]: (self: number) =>
        resources.open("pollable", { stream: self }, self),
      [`${io} [method]output-stream.check-write`]: (self: number, ret: number) => {
        const target = output(self);
        if (this.#left(target)) return this.#fault(ret, 8, closed);
        view().setUint8(ret, 0);
        view().setBigUint64(ret + 8, BigInt(target.room), true);
      },
      [`${io} [method]output-stream.write`]: (self: number, at: number, length: number, ret: number) => {
        const target = output(self);
        if (this.#left(target)) return this.#fault(ret, 4, closed);
        write(target, this.#host.memory.bytes(at, length));
        view().setUint8(ret, 0);
      },
      [`${io} [method]output-stream.blocking-splice`]: (
        self: number,
        from: number,
        length: bigint,
        ret: number,
      ) => {
        const target = output(self);
        if (!this.isReady(from) || target.room === 0) throw new Error("a splice would wait");
        if (this.#left(target)) return this.#fault(ret, 8, closed);
        const found = this.#read(input(from), Math.min(Number(length), target.room));
        if (found === "closed") return this.#fault(ret, 8, closed);
        if (found === "broken") return this.#fault(ret, 8, lastOperationFailed);
        write(target, found);
        view().setUint8(ret, 0);
        view().setBigUint64(ret + 8, BigInt(found.length), true);
      },
    };
  }
}
