import { readFileSync } from "node:fs";
import { resolve } from "node:path";

type Value = string | Uint8Array;
export type Fields = readonly (readonly [name: string, value: Value])[];

/** What a guest answered. */
export interface Answered {
  readonly status: number;
  readonly error: string | undefined;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  readonly text: string;
}

/** A call that a guest asks for: its name, its fields and its body. */
export interface Asked {
  readonly call: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytesOf = (value: Value) => (typeof value === "string" ? encoder.encode(value) : value);

const REQUEST = 1;
const CALLS = 3;
const RESULTS = 4;

export function message(kind: number, fields: Fields): Uint8Array {
  const parts = fields.flatMap(([name, value]) => [encoder.encode(name), bytesOf(value)]);
  const bytes = new Uint8Array(8 + parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, kind, true);
  view.setUint32(4, fields.length, true);
  let at = 8;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

function read(bytes: Uint8Array): { readonly kind: number; readonly fields: [string, Uint8Array][] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 8;
  const take = () => {
    const length = view.getUint32(at, true);
    at += 4 + length;
    return bytes.subarray(at - length, at);
  };
  const fields = Array.from({ length: view.getUint32(4, true) }, (): [string, Uint8Array] => [
    decoder.decode(take()),
    take(),
  ]);
  if (at !== bytes.length) throw new Error("the message has bytes after its fields");
  return { kind: view.getUint32(0, true), fields };
}

function asked(fields: readonly [string, Uint8Array][]): Asked[] {
  const calls: { call: string; fields: Map<string, string>; body: Uint8Array }[] = [];
  for (const [name, value] of fields) {
    const text = decoder.decode(value);
    const last = calls.at(-1);
    if (name === ":call") calls.push({ call: text, fields: new Map(), body: new Uint8Array() });
    else if (last === undefined) throw new Error("a field before the first call");
    else if (name === ":body") last.body = value;
    else last.fields.set(name, text);
  }
  return calls;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  _initialize?(): void;
  cap_abi_version(): number;
  cap_alloc(size: number): number;
  cap_handle(at: number, length: number): bigint;
  cap_resume?(at: number, length: number): bigint;
}

/** A module of the ABI in this thread, without the confinement: what a package computes is tested quickest so. */
export class Guest {
  readonly exports: Exports;

  constructor(bytes: Uint8Array<ArrayBuffer>, host: Readonly<Record<string, WebAssembly.ImportValue>> = {}) {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { cap_host: { ...host } });
    this.exports = instance.exports as unknown as Exports;
    this.exports._initialize?.();
  }

  /** The module of a package that was built. */
  static bytesOf(name: string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(
      readFileSync(resolve(import.meta.dirname, `../../dist/capabilities/${name}/${name}.wasm`)),
    );
  }

  /** Handles one request; `perform` makes the calls that it asks for. */
  call(fields: Fields, perform?: (call: Asked) => Fields): Answered {
    let { kind, fields: found } = this.step("cap_handle", message(REQUEST, fields));
    while (kind === CALLS) {
      if (perform === undefined) throw new Error("the guest asks for calls");
      const results = asked(found).flatMap(perform);
      ({ kind, fields: found } = this.step("cap_resume", message(RESULTS, results)));
    }
    const value = (name: string) => found.find(([key]) => key === name)?.[1];
    const text = (name: string) => decoder.decode(value(name));
    const body = value(":body") ?? new Uint8Array();
    return {
      status: Number(text(":status")),
      error: value(":error") === undefined ? undefined : text(":error"),
      headers: new Map(
        found.filter(([name]) => !name.startsWith(":")).map(([name, v]) => [name, decoder.decode(v)]),
      ),
      body,
      text: decoder.decode(body),
    };
  }

  step(name: "cap_handle" | "cap_resume", bytes: Uint8Array) {
    const { memory, cap_alloc, [name]: run } = this.exports;
    const at = cap_alloc(bytes.length) >>> 0;
    if (at === 0) throw new Error("the guest refused the message");
    new Uint8Array(memory.buffer).set(bytes, at);
    if (run === undefined) throw new Error(`the guest does not export ${name}`);
    const span = BigInt.asUintN(64, run(at, bytes.length));
    // A copy: the next call overwrites it.
    return read(
      new Uint8Array(memory.buffer).slice(Number(span >> 32n), Number((span >> 32n) + (span & 0xffffffffn))),
    );
  }
}
