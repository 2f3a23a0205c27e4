import { CapabilityGuest, faultOf, type GuestModule, type Runner } from "./capability-guest.ts";
import type { GuestLine } from "./confinement.ts";
import type { Fault } from "./guest-fault.ts";
import type { GuestPlatform } from "./guest-host.ts";
import type { AbiName } from "./manifest.ts";

/** What starts in a worker: the module, or the bytes of one where an engine shares no modules with it. */
export interface GuestStart extends Omit<GuestModule, "module"> {
  readonly abi: AbiName;
  readonly module: WebAssembly.Module | Uint8Array<ArrayBuffer>;
}

/** Faults as plain data: what is thrown across a port loses what it is. */
export type Told<T> = { readonly value: T } | { readonly fault: Fault; readonly message: string };

export interface ToldStep {
  readonly bytes: Uint8Array;
  readonly lines: readonly GuestLine[];
}

/** How each ABI starts an instance. */
export type Runners = Readonly<
  Partial<Record<AbiName, (from: GuestModule, platform: GuestPlatform) => Promise<Runner>>>
>;

export const capabilityRunners: Runners = {
  capability: (from, platform) => CapabilityGuest.start(from, platform),
};

/** What a worker exposes: one instance, started once. */
export class GuestPort {
  readonly #platform: GuestPlatform;
  readonly #runners: Runners;
  #runner: Runner | undefined;

  constructor(platform: GuestPlatform, runners: Runners = capabilityRunners) {
    this.#platform = platform;
    this.#runners = runners;
  }

  async start({ abi, module, imports, answer }: GuestStart): Promise<Told<true>> {
    try {
      const compiled = module instanceof WebAssembly.Module ? module : await WebAssembly.compile(module);
      const run = this.#runners[abi];
      if (run === undefined)
        return { fault: "refused", message: `this host runs no modules of the ABI ${abi}` };
      this.#runner = await run({ module: compiled, imports, answer }, this.#platform);
      return { value: true };
    } catch (error) {
      return told(error);
    }
  }

  call(entry: string, message: Uint8Array): Told<ToldStep> {
    if (this.#runner === undefined) return { fault: "protocol", message: "it has not started" };
    try {
      return { value: this.#runner.call(entry, message) };
    } catch (error) {
      // Its memory is in no known state.
      this.#runner = undefined;
      return told(error);
    }
  }
}

function told(error: unknown): { readonly fault: Fault; readonly message: string } {
  const { fault, message } = faultOf(error);
  return { fault, message };
}
