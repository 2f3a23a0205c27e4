import { CapabilityGuest, faultOf, type GuestModule, type Runner } from "./capability-guest.ts";
import type { Step } from "./confinement.ts";
import type { GuestFault } from "./guest-fault.ts";
import type { GuestPlatform } from "./guest-host.ts";
import { HttpWasmGuest } from "./http-wasm/http-wasm-guest.ts";
import { type Check, schemaCheck } from "./json-schema.ts";
import type { AbiName } from "./manifest.ts";
import type { SchemaCheck } from "./read-request.ts";

/** What starts in a worker. */
export interface GuestStart {
  /** Left out: only requests are checked. */
  readonly guest?: GuestSetup;
  /** What requests are checked by. */
  readonly schemas: readonly object[];
}

export interface GuestSetup extends Omit<GuestModule, "module"> {
  readonly abi: AbiName;
  /** Or its bytes, where an engine shares no modules with the worker. */
  readonly module: WebAssembly.Module | Uint8Array<ArrayBuffer>;
}

/** Faults as plain data: what is thrown across a port loses what it is. */
export type Told<T> = { readonly value: T } | ToldFault;

export type ToldFault = Pick<GuestFault, "fault" | "message" | "lines">;

/** How each ABI starts an instance. */
export type Runners = Readonly<
  Partial<Record<AbiName, (from: GuestModule, platform: GuestPlatform) => Promise<Runner>>>
>;

export const capabilityRunners: Runners = {
  capability: (from, platform) => CapabilityGuest.start(from, platform),
  "http-wasm": (from, platform) => HttpWasmGuest.start(from, platform),
};

const nothing = new Uint8Array(0);

/** What a worker exposes: one instance, started once. */
export class GuestPort {
  readonly #platform: GuestPlatform;
  readonly #runners: Runners;
  #runner: Runner | undefined;
  #schemas: readonly object[] = [];
  readonly #checks = new Map<number, Check>();

  constructor(platform: GuestPlatform, runners: Runners = capabilityRunners) {
    this.#platform = platform;
    this.#runners = runners;
  }

  /** Answered as soon as the worker runs. */
  ready(): Told<true> {
    return { value: true };
  }

  async start({ guest, schemas }: GuestStart): Promise<Told<true>> {
    this.#schemas = schemas;
    try {
      if (guest === undefined) return { value: true };
      const { abi, module, imports, answer, settings } = guest;
      const compiled = module instanceof WebAssembly.Module ? module : await WebAssembly.compile(module);
      const run = this.#runners[abi];
      if (run === undefined)
        return { fault: "refused", message: `this host runs no modules of the ABI ${abi}`, lines: [] };
      this.#runner = await run({ module: compiled, imports, answer, settings }, this.#platform);
      return { value: true };
    } catch (error) {
      return told(error);
    }
  }

  /** The entry `check` calls nobody: it only checks. */
  call(entry: string, message: Uint8Array, checks: readonly SchemaCheck[]): Told<Step> {
    try {
      const refused = this.#refused(checks);
      if (refused !== undefined || entry === "check")
        return { value: { bytes: nothing, lines: [], refused } };
      if (this.#runner === undefined) return { fault: "protocol", message: "it has not started", lines: [] };
      return { value: this.#runner.call(entry, message) };
    } catch (error) {
      // Its memory is in no known state.
      this.#runner = undefined;
      return told(error);
    }
  }

  #refused(checks: readonly SchemaCheck[]): string | undefined {
    for (const { schema, what, value, json } of checks) {
      let given = value;
      if (json !== undefined) {
        try {
          given = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
        } catch {
          return `${what} is not JSON`;
        }
      }
      let check = this.#checks.get(schema);
      if (check === undefined) {
        check = schemaCheck(this.#schemas[schema] ?? {});
        this.#checks.set(schema, check);
      }
      const fault = check(given);
      if (fault !== undefined) return `${what} ${fault}`;
    }
    return undefined;
  }
}

function told(error: unknown): ToldFault {
  const { fault, message, lines } = faultOf(error);
  return { fault, message, lines };
}
