import type { GuestLine, HttpWasmSettings, Step } from "./confinement.ts";
import { GuestFault } from "./guest-fault.ts";
import { GuestHost, type GuestPlatform } from "./guest-host.ts";
import { GuestMemory } from "./guest-memory.ts";
import { importObject } from "./import-object.ts";

export const ABI_VERSION = 1;

/** What a runner is made of: a module that was let in, and how much it may answer. */
export interface GuestModule {
  readonly module: WebAssembly.Module;
  /** What it imports, by `module.name`. */
  readonly imports: readonly string[];
  /** Bytes of one answer. */
  readonly answer: number;
  /** Of a guest of http-wasm. */
  readonly settings?: HttpWasmSettings | undefined;
}

/** Runs one instance, in the worker. Each failure is a GuestFault, and the last thing that the instance did. */
export interface Runner {
  call(entry: string, message: Uint8Array): Step;
}

/** What was thrown while a guest ran, and what it had said. Its own words stay out: an engine's are about the trap. */
export function faultOf(error: unknown, lines: readonly GuestLine[] = []): GuestFault {
  if (error instanceof GuestFault)
    return lines.length === 0 ? error : new GuestFault(error.fault, error.message, lines);
  if (error instanceof RangeError || error instanceof WebAssembly.RuntimeError)
    return new GuestFault("trap", `it trapped: ${error.message}`, lines);
  return new GuestFault("trap", "it threw an exception that it did not catch", lines);
}

type Exports = Readonly<Record<string, (...numbers: number[]) => unknown>>;

/** A guest of our own ABI, version 1. */
export class CapabilityGuest implements Runner {
  readonly #exports: Exports;
  readonly #memory: GuestMemory;
  readonly #host: GuestHost;
  readonly #limit: number;

  private constructor(exports: Exports, memory: GuestMemory, host: GuestHost, limit: number) {
    this.#exports = exports;
    this.#memory = memory;
    this.#host = host;
    this.#limit = limit;
  }

  /** Runs its start function and `_initialize`. Rejects with a GuestFault. */
  static async start(
    { module, imports, answer }: GuestModule,
    platform: GuestPlatform,
  ): Promise<CapabilityGuest> {
    let memory: GuestMemory | undefined;
    const host = new GuestHost(platform, () => {
      if (memory === undefined)
        throw new GuestFault("protocol", "its start function used an import that needs its memory");
      return memory;
    });
    try {
      const { exports } = await WebAssembly.instantiate(module, importObject(imports, host.functions));
      memory = new GuestMemory(exports.memory as WebAssembly.Memory);
      const functions = exports as unknown as Exports;
      functions._initialize?.();
      const version = functions.cap_abi_version?.();
      if (version !== ABI_VERSION) {
        throw new GuestFault(
          "protocol",
          `it speaks version ${version} of the ABI, where this host speaks ${ABI_VERSION}`,
        );
      }
      return new CapabilityGuest(functions, memory, host, answer);
    } catch (error) {
      throw faultOf(error, host.lines());
    }
  }

  call(entry: string, message: Uint8Array): Step {
    try {
      const run = this.#exports[entry === "handle" ? "cap_handle" : "cap_resume"];
      if (run === undefined)
        throw new GuestFault("protocol", "it asks for calls, and does not export cap_resume");
      const pointer = this.#exports.cap_alloc?.(message.length) as number;
      if (pointer === 0 && message.length > 0)
        throw new GuestFault("budget", `it has no room for a message of ${message.length} bytes`);
      this.#memory.view(pointer, message.length, "what it allocated").set(message);
      const bytes = this.#memory.copy(run(pointer, message.length), this.#limit, "its answer");
      return { bytes, lines: this.#host.lines() };
    } catch (error) {
      throw faultOf(error, this.#host.lines());
    }
  }
}
