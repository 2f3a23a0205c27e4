import type { HttpWasmSettings } from "../confinement.ts";
import { GuestFault } from "../guest-fault.ts";
import type { GuestPlatform } from "../guest-host.ts";
import type { GuestLines } from "../guest-lines.ts";
import { GuestMemory } from "../guest-memory.ts";
import { importObject } from "../import-object.ts";
import { START_EXPORT } from "../prepared-module.ts";
import { allFeatures, Exchange, type GivenRequest, type GivenResponse } from "./exchange.ts";
import { HandlerFunctions } from "./handler-functions.ts";
import { WasiStub } from "./wasi-stub.ts";

export interface InstanceParts {
  readonly module: WebAssembly.Module;
  /** What it imports, by `module.name`. */
  readonly imports: readonly string[];
  readonly settings: HttpWasmSettings;
  readonly platform: GuestPlatform;
  readonly lines: GuestLines;
  /** Bytes of a body that it writes. */
  readonly limit: number;
}

type Exports = Readonly<Record<string, ((...numbers: number[]) => unknown) | undefined>>;

/** One instance of a guest of http-wasm, with the exchange that it has. */
export class HttpWasmInstance {
  readonly #limit: number;
  readonly #wasi: WasiStub;
  readonly #exports: Exports;
  readonly #memory: WebAssembly.Memory;
  /** Enabled as it started, for every request. */
  #features = 0;
  #exchange: Exchange | undefined;
  /** What the guest knows its exchange by. */
  #context = 0;

  /** Runs its start function, and `_initialize` or `_start`. Throws what they throw. */
  constructor({ module, imports, settings, platform, lines, limit }: InstanceParts) {
    this.#limit = limit;
    const instance = this;
    let memory: GuestMemory | undefined;
    const present = () => {
      if (memory === undefined)
        throw new GuestFault("protocol", "it used an import before its memory was there");
      return memory;
    };
    const handler = new HandlerFunctions(settings, present, lines, {
      get exchange() {
        return instance.#exchange;
      },
      enable: (wanted) => this.#enable(wanted),
    });
    this.#wasi = new WasiStub(platform, present, lines);
    const functions = new Map([...handler.functions, ...this.#wasi.functions]);
    const { exports } = new WebAssembly.Instance(module, importObject(imports, functions));
    this.#memory = exports.memory as WebAssembly.Memory;
    memory = new GuestMemory(this.#memory);
    this.#exports = exports as unknown as Exports;
    this.#exports[START_EXPORT]?.();
    (this.#exports._initialize ?? this.#exports._start)?.();
  }

  /** Bytes of its memory. */
  get size(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Whether the request goes on. */
  request(given: GivenRequest): { readonly next: boolean; readonly exchange: Exchange } {
    const exchange = new Exchange(given, this.#features, this.#limit);
    this.#exchange = exchange;
    const answered = this.#exports.handle_request?.() as bigint;
    this.#context = Number(BigInt.asUintN(32, answered >> 32n));
    return { next: (answered & 0xffff_ffffn) !== 0n, exchange };
  }

  /** What came back; undefined: an error. */
  response(given: GivenResponse | undefined): Exchange {
    const exchange = this.#exchange as Exchange;
    exchange.answered(given);
    this.#exports.handle_response?.(this.#context, given === undefined ? 1 : 0);
    return exchange;
  }

  #enable(wanted: number): number {
    if (this.#exchange !== undefined) return this.#exchange.enable(wanted);
    this.#features |= wanted & allFeatures;
    return this.#features;
  }
}
