import { ApiError } from "../errors/api-error.ts";
import type { AdmittedModule } from "./admission.ts";
import type { Confinement, GuestLine, HttpWasmSettings } from "./confinement.ts";
import type { Authority } from "./grants.ts";
import { GuestFault } from "./guest-fault.ts";
import { GuestPool, type PoolSize } from "./guest-pool.ts";
import type { HttpWasmPools } from "./http-wasm/http-wasm-pools.ts";
import type { PackageHost } from "./loaded-package.ts";
import type { ProcessEntry } from "./manifest.ts";

/** A module by its name, a program, or undefined: what only checks requests. */
export type Runs = string | ProcessEntry | undefined;

/** What a package's instances are made of. */
export interface PackagePrograms {
  readonly name: string;
  readonly modules: ReadonlyMap<string, AdmittedModule>;
  readonly schemas: readonly object[];
  readonly folder: string | undefined;
  readonly authority: Authority;
  readonly say: (line: GuestLine) => void;
}

/** The instances of one package: of each module, each program, and what checks requests. */
export class PackagePools {
  readonly #from: PackagePrograms;
  readonly #host: PackageHost;
  readonly #httpWasm: () => HttpWasmPools;
  readonly #pools = new Map<Runs, GuestPool>();

  constructor(from: PackagePrograms, host: PackageHost, httpWasm: () => HttpWasmPools) {
    this.#from = from;
    this.#host = host;
    this.#httpWasm = httpWasm;
  }

  get size(): PoolSize {
    const sizes = this.#all.map(({ size }) => size);
    const sum = (of: keyof PoolSize) => sizes.reduce((total, size) => total + size[of], 0);
    return { instances: sum("instances"), busy: sum("busy"), started: sum("started") };
  }

  of(runs: Runs): GuestPool {
    const known = this.#pools.get(runs);
    if (known !== undefined) return known;
    const pool = this.make(runs);
    this.#pools.set(runs, pool);
    return pool;
  }

  make(of: Runs, settings?: HttpWasmSettings): GuestPool {
    const { modules, schemas, authority, say } = this.#from;
    const module = typeof of === "string" ? modules.get(of) : undefined;
    if (typeof of === "string" && module === undefined)
      throw new GuestFault("refused", `it has no module ${of}`);
    const confinement = typeof of === "object" ? this.#program(of) : this.#host.confinement;
    const program = { module, schemas, settings };
    return new GuestPool(confinement, program, authority.limits, this.#host.platform, say);
  }

  /** Starts as many instances as another version of the package has. Throws a GuestFault where one does not start. */
  async prepare(before: PackagePools): Promise<void> {
    const abiOf = (of: Runs, { modules }: PackagePrograms) =>
      typeof of === "string" ? modules.get(of)?.abi : undefined;
    const alike = [...before.#pools].filter(
      ([of]) => typeof of !== "object" && abiOf(of, before.#from) === abiOf(of, this.#from),
    );
    await Promise.all(alike.map(([of, { size }]) => this.of(of).prepare(size.instances)));
  }

  /** Ends all of them, whatever they do. */
  end(): void {
    for (const pool of this.#all) pool.close();
  }

  get #all(): readonly GuestPool[] {
    return [...this.#pools.values(), ...this.#httpWasm().pools];
  }

  #program(entry: ProcessEntry): Confinement {
    const { granted, limits } = this.#from.authority;
    const unavailable = (cause: string) =>
      new ApiError("ERR_CAPABILITY_UNAVAILABLE", { name: this.#from.name, cause });
    if (!granted.processes.includes(entry.command))
      throw unavailable(`to run ${entry.command} as a program of this machine was not granted`);
    if (this.#host.processes === undefined || this.#from.folder === undefined)
      throw unavailable(`${entry.command} is in no folder of this machine`);
    return this.#host.processes(entry, this.#from.folder, limits);
  }
}
