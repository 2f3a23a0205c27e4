import type { AdmittedModule } from "../admission.ts";
import type { GuestLine, HttpWasmSettings } from "../confinement.ts";
import { GuestFault } from "../guest-fault.ts";
import type { GuestPool } from "../guest-pool.ts";
import { httpWasmAbi } from "./http-wasm-abi.ts";
import { type CallCounter, HttpWasmCalls } from "./http-wasm-calls.ts";
import type { HttpWasmGuests } from "./http-wasm-middleware.ts";

/** What a package's guests of http-wasm are made of. */
export interface HttpWasmSource extends CallCounter {
  readonly modules: ReadonlyMap<string, AdmittedModule>;
  pool(module: string, settings: HttpWasmSettings): GuestPool;
  readonly say: (line: GuestLine) => void;
}

/** The guests of http-wasm of one package: instances of their own for each component, since each has its configuration. */
export class HttpWasmPools {
  readonly #source: HttpWasmSource;
  readonly #open = new Map<HttpWasmSettings, { readonly guests: HttpWasmGuests; readonly pool: GuestPool }>();

  constructor(source: HttpWasmSource) {
    this.#source = source;
  }

  get pools(): readonly GuestPool[] {
    return Array.from(this.#open.values(), ({ pool }) => pool);
  }

  /** Those of a component with these settings. */
  of(name: string, settings: HttpWasmSettings): HttpWasmGuests {
    const known = this.#open.get(settings);
    if (known !== undefined) return known.guests;
    const module = this.#source.modules.get(name);
    if (module?.abi !== httpWasmAbi)
      throw new GuestFault("refused", `module ${name} is none of http-wasm any more`);
    const pool = this.#source.pool(name, settings);
    const guests = {
      calls: new HttpWasmCalls(module, pool, this.#source, this.#source.say),
      imports: module.imports,
    };
    this.#open.set(settings, { guests, pool });
    return guests;
  }

  /** The component is closed. */
  end(settings: HttpWasmSettings): void {
    this.#open.get(settings)?.pool.close();
    this.#open.delete(settings);
  }
}
