import type { Abortable } from "../abortable.ts";
import { ApiError } from "../errors/api-error.ts";
import type { Platform } from "../platform.ts";
import type { CapabilityMeter } from "../telemetry/metrics/meters.ts";
import { abis } from "./abis.ts";
import { actorCalls, type TurnActor } from "./actors/actor-calls.ts";
import { type AdmittedModule, admit } from "./admission.ts";
import type { Observers } from "./capabilities.ts";
import type { Confinement, Guest, GuestLine } from "./confinement.ts";
import type { Container, Containers } from "./containers.ts";
import { converse } from "./converse.ts";
import type { JoinCommit } from "./functions/join.ts";
import { type Authority, authorityOf, type Grant } from "./grants.ts";
import { GuestFault } from "./guest-fault.ts";
import type { PoolSize } from "./guest-pool.ts";
import { type Api, type CallContext, HostCalls } from "./host-calls.ts";
import { apiCalls } from "./host-requests.ts";
import { type OpenedHttpOffer, openHttpOffer } from "./http-offer.ts";
import { HttpWasmPools } from "./http-wasm/http-wasm-pools.ts";
import type { CapabilityManifest, Limits, ProcessEntry } from "./manifest.ts";
import { Measures } from "./measures.ts";
import type { MessageField } from "./message.ts";
import { PackagePools, type Runs } from "./package-pools.ts";
import type { PackageSource } from "./package-source.ts";
import { preparedState } from "./prepared-state.ts";
import type { ReadRequest } from "./read-request.ts";
import { stateScan } from "./state-scan.ts";
import { tracedCall } from "./traced-call.ts";

/** What packages are run with. */
export interface PackageHost {
  readonly confinement: Confinement;
  readonly platform: Platform;
  /** The API of the sidecar, once it is there. */
  readonly api: Api;
  /** Runs programs of the machine; undefined where there are none. */
  readonly processes?: Processes | undefined;
  /** Undefined where there are no containers. */
  readonly containers?: Containers | undefined;
  /** What observes them; undefined while nothing does. */
  readonly observers: () => Observers | undefined;
  readonly meter: () => CapabilityMeter | undefined;
}

/** Places for a package's program, from its folder. */
export type Processes = (entry: ProcessEntry, folder: string, limits: Limits) => Confinement;

/** What one call may say about itself. */
export interface CallOptions {
  readonly traceparent?: string | undefined;
  /** False: it may not call the host, as it stands in the way of such calls itself. */
  readonly hostCalls?: boolean;
  /** Goes into the first transaction that it asks for on this store. */
  readonly commit?: JoinCommit | undefined;
  /** Whose turn it is. */
  readonly actor?: TurnActor | undefined;
}

const packageCalls = new Map([...apiCalls, ["state.scan", stateScan], ...actorCalls]);

type Use<T> = (guest: Guest, ending: Abortable) => Promise<T>;

/** A package whose modules were let in. */
export class LoadedPackage {
  readonly manifest: CapabilityManifest;
  readonly origin: string;
  readonly authority: Authority;
  readonly modules: ReadonlyMap<string, AdmittedModule>;
  readonly http: readonly OpenedHttpOffer[];
  readonly measures: Measures;
  readonly httpWasm: HttpWasmPools;
  readonly #host: PackageHost;
  readonly #schemas: readonly object[];
  readonly #pools: PackagePools;
  readonly #calls: HostCalls;
  #underWay = 0;
  #quiet: (() => void) | undefined;

  private constructor(
    manifest: CapabilityManifest,
    origin: string,
    authority: Authority,
    opened: Pick<LoadedPackage, "modules" | "http"> & {
      readonly schemas: readonly object[];
      readonly folder: string | undefined;
    },
    host: PackageHost,
  ) {
    this.manifest = manifest;
    this.origin = origin;
    this.authority = authority;
    this.modules = opened.modules;
    this.http = opened.http;
    this.#schemas = opened.schemas;
    this.#host = host;
    this.measures = new Measures(manifest.name, host.meter);
    const { modules, schemas, folder } = opened;
    const say = this.#say;
    const programs = { name: manifest.name, modules, schemas, folder, authority, say };
    this.#pools = new PackagePools(programs, host, () => this.httpWasm);
    this.httpWasm = new HttpWasmPools({
      modules: opened.modules,
      pool: (module, settings) => this.#pools.make(module, settings),
      call: (call) => this.#measured(call),
      begin: () => {
        this.begin();
        return () => this.ended();
      },
      say,
    });
    const rules = { builds: packageCalls, granted: () => authority.granted };
    this.#calls = new HostCalls(manifest.name, rules, host, this.measures);
  }

  /** Reads, hashes, compiles and checks all of it. Throws a GuestFault or a ManifestError for one that is not let in. */
  static async load(
    manifest: CapabilityManifest,
    source: PackageSource,
    grant: Grant | undefined,
    host: PackageHost,
  ): Promise<LoadedPackage> {
    const authority = authorityOf(manifest, grant);
    const { granted, limits } = authority;
    const modules = new Map<string, AdmittedModule>();
    for (const entry of manifest.modules) {
      const terms = { abi: abis[entry.abi], granted, limits };
      modules.set(entry.name, await admit(await source.read(entry.path), entry, terms));
    }
    if (host.processes === undefined) refusePrograms(manifest);
    const schemas: object[] = [];
    const http: OpenedHttpOffer[] = [];
    for (const offer of manifest.offers) {
      if (offer.kind === "http") http.push(await openHttpOffer(offer, source, schemas, authority, host));
    }
    const { folder } = source;
    return new LoadedPackage(manifest, source.origin, authority, { modules, http, schemas, folder }, host);
  }

  get instances(): PoolSize {
    return this.#pools.size;
  }

  get containers(): readonly Container[] {
    return this.http.flatMap(({ containers }) => [...containers.values()]);
  }

  /** Hands a request to a module, or a program, and answers its answer's fields. Throws a GuestFault, a ComponentError or an ApiError. */
  async call(
    module: Runs,
    request: ReadRequest,
    options: CallOptions = {},
  ): Promise<readonly MessageField[]> {
    const observers = this.#host.observers();
    if (observers?.tracer.tracing === undefined) return await this.#converse(module, request, options);
    const { name } = this.manifest;
    return await tracedCall(observers, name, request.fields, options.traceparent, (traceparent) =>
      this.#converse(module, request, { ...options, traceparent }),
    );
  }

  async #converse(
    module: Runs,
    request: ReadRequest,
    { traceparent, hostCalls = true, commit, actor }: CallOptions,
  ): Promise<readonly MessageField[]> {
    const { calls, memory } = this.authority.limits;
    const allowed = hostCalls ? calls : 0;
    const conversation = await this.#used(module, async (guest, ending) => {
      const left = { calls: allowed, bytes: memory };
      const context: CallContext = { ending, traceparent, allowed, ...left, commit, actor };
      const prepared = hostCalls ? await preparedState(this.authority.granted, this.#calls, context) : [];
      const whole =
        prepared.length === 0 ? request : { ...request, fields: [...request.fields, ...prepared] };
      return await converse(guest, whole, this.#calls, context, this.#say);
    });
    if ("answer" in conversation) return conversation.answer;
    throw new ApiError("ERR_CAPABILITY_REQUEST", { cause: conversation.refused });
  }

  /** Counts a call that a container answers, which is not ended meanwhile. */
  counted<T>(call: () => Promise<T>): Promise<T> {
    return this.#measured(call);
  }

  /** Checks a request that somebody else answers. Throws as {@link call} does. */
  async check({ checks }: ReadRequest): Promise<void> {
    if (checks.length === 0) return;
    const { refused } = await this.#used(undefined, (guest) =>
      guest.call("check", new Uint8Array(0), checks),
    );
    if (refused !== undefined) throw new ApiError("ERR_CAPABILITY_REQUEST", { cause: refused });
  }

  /** The same for what is the same: its manifest, its descriptions, and what it may do. */
  get fingerprint(): string {
    const operations = this.http.map((one) =>
      one.operations.map(({ body, ...rest }) => [rest, [...(body?.content ?? [])]]),
    );
    return JSON.stringify([this.origin, this.manifest, this.authority, operations, this.#schemas]);
  }

  /** Whether it may do by this grant what it may do now, and nothing else. */
  may(grant: Grant | undefined): boolean {
    return JSON.stringify(authorityOf(this.manifest, grant)) === JSON.stringify(this.authority);
  }

  /** Somebody has found it for a call: it is there until {@link ended}, also where another version has taken its place. */
  begin(): void {
    this.#underWay += 1;
  }

  ended(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#quiet?.();
  }

  /**
   * Starts as many instances as the version has that it takes the place of: callers under load wait for none. Throws a GuestFault
   * where one does not start, with nothing left of it.
   */
  async prepare(before: LoadedPackage): Promise<void> {
    try {
      await Promise.all([this.#pools.prepare(before.#pools), this.httpWasm.prepare(before.httpWasm)]);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /** Ends its instances, once the calls under way have their answers. */
  async close(): Promise<void> {
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#quiet = resolve;
      });
    }
    this.end();
  }

  /** Ends its instances, whatever they do. */
  end(): void {
    this.#pools.end();
    for (const container of this.containers) container.end();
  }

  #used<T>(of: Runs, use: Use<T>): Promise<T> {
    return this.#measured((late) => this.#pools.of(of).with(use, late));
  }

  async #measured<T>(call: (late: () => GuestFault) => Promise<T>): Promise<T> {
    const { clock } = this.#host.platform;
    const { timeMs } = this.authority.limits;
    const now = () => clock.monotonic?.() ?? clock.now();
    const began = now();
    this.measures.calls += 1;
    this.begin();
    try {
      const result = await call(() => new GuestFault("deadline", `it did not answer within ${timeMs} ms`));
      this.measures.took(now() - began);
      return result;
    } catch (error) {
      this.measures.failed(error instanceof GuestFault ? error.fault : undefined, now() - began);
      throw error;
    } finally {
      this.ended();
    }
  }

  readonly #say = ({ level, text }: GuestLine): void => {
    this.#host.platform.log[level](`capability ${this.manifest.name}: ${text}`);
  };
}

/** In the words of the book's walkthrough: only a page has no programs. */
function refusePrograms({ offers }: CapabilityManifest): void {
  for (const offer of offers) {
    const program = offer.kind === "function" ? offer.process : undefined;
    if (program !== undefined)
      throw new GuestFault("refused", `runtime ${program.runtime} is not available in a page`);
  }
}
