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

/** What of an instance is used. */
interface Instance {
  readonly functions: Exports;
  readonly memory: GuestMemory;
}

/** A guest of our own ABI, version 1. */
export class CapabilityGuest implements Runner {
  readonly #module: WebAssembly.Module;
  readonly #imports: WebAssembly.Imports;
  readonly #host: GuestHost;
  readonly #limit: number;
  #instance: Instance | undefined;
  #called = false;

  private constructor({ module, imports, answer }: GuestModule, platform: GuestPlatform) {
    this.#module = module;
    this.#host = new GuestHost(platform, () => {
      if (this.#instance === undefined)
        throw new GuestFault("protocol", "its start function used an import that needs its memory");
      return this.#instance.memory;
    });
    this.#imports = importObject(imports, this.#host.functions);
    this.#limit = answer;
  }

  /** Runs its start function and `_initialize`. Rejects with a GuestFault. */
  static async start(given: GuestModule, platform: GuestPlatform): Promise<CapabilityGuest> {
    const guest = new CapabilityGuest(given, platform);
    try {
      guest.#begin(await WebAssembly.instantiate(guest.#module, guest.#imports));
      return guest;
    } catch (error) {
      throw faultOf(error, guest.#host.lines());
    }
  }

  #begin({ exports }: WebAssembly.Instance): Instance {
    const functions = exports as unknown as Exports;
    const instance = { functions, memory: new GuestMemory(exports.memory as WebAssembly.Memory) };
    this.#instance = instance;
    functions._initialize?.();
    const version = functions.cap_abi_version?.();
    if (version !== ABI_VERSION) {
      throw new GuestFault(
        "protocol",
        `it speaks version ${version} of the ABI, where this host speaks ${ABI_VERSION}`,
      );
    }
    return instance;
  }

  /** The instance for a call: another one where it takes one request only, and had it. */
  #for(entry: string): Instance {
    const instance = this.#instance as Instance;
    if (entry !== "handle") return instance;
    const spent = this.#called && instance.functions.cap_once !== undefined;
    this.#called = true;
    if (!spent) return instance;
    this.#instance = undefined;
    return this.#begin(new WebAssembly.Instance(this.#module, this.#imports));
  }

  call(entry: string, message: Uint8Array): Step {
    try {
      const { functions, memory } = this.#for(entry);
      const run = functions[entry === "handle" ? "cap_handle" : "cap_resume"];
      if (run === undefined)
        throw new GuestFault("protocol", "it asks for calls, and does not export cap_resume");
      const pointer = functions.cap_alloc?.(message.length) as number;
      if (pointer === 0 && message.length > 0)
        throw new GuestFault("budget", `it has no room for a message of ${message.length} bytes`);
      memory.view(pointer, message.length, "what it allocated").set(message);
      const bytes = memory.copy(run(pointer, message.length), this.#limit, "its answer");
      return { bytes, lines: this.#host.lines() };
    } catch (error) {
      throw faultOf(error, this.#host.lines());
    }
  }
}
