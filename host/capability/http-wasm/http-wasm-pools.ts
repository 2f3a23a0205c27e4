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

/** Those of one component. */
interface OpenGuests {
  readonly module: string;
  readonly guests: HttpWasmGuests;
  readonly pool: GuestPool;
}

/** The guests of http-wasm of one package: instances of their own for each component, since each has its configuration. */
export class HttpWasmPools {
  readonly #source: HttpWasmSource;
  readonly #open = new Map<HttpWasmSettings, OpenGuests>();

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
    this.#open.set(settings, { module: name, guests, pool });
    return guests;
  }

  /** Starts as many instances as another version has. */
  async prepare(before: HttpWasmPools): Promise<void> {
    const { modules } = this.#source;
    const alike = [...before.#open].filter(([, { module }]) => modules.get(module)?.abi === httpWasmAbi);
    const starting = alike.map(([settings, { module, pool }]) => {
      this.of(module, settings);
      return this.#open.get(settings)?.pool.prepare(pool.size.instances);
    });
    await Promise.all(starting);
  }

  /** The component is closed. */
  end(settings: HttpWasmSettings): void {
    this.#open.get(settings)?.pool.close();
    this.#open.delete(settings);
  }
}
