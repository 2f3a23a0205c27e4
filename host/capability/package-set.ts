import type { BindingHandler } from "../components/bindings/binding.ts";
import type { Durability, Family } from "../components/component.ts";
import type { OpenComponents } from "../components/open-component.ts";
import type { Definitions } from "../components/registry.ts";
import { ApiError } from "../errors/api-error.ts";
import { reasonOf } from "../errors/reason-of.ts";
import {
  BodyTooLargeError,
  type Headers,
  type RuntimeRequest,
  type RuntimeResponse,
  readBody,
} from "../http.ts";
import type { Platform } from "../platform.ts";
import type { CapabilityCounts, CapabilityMeter } from "../telemetry/metrics/meters.ts";
import { PackageActors } from "./actors/package-actors.ts";
import { answerOffer, type OfferRequest } from "./answer-offer.ts";
import type { AttachedSidecar, Capabilities } from "./capabilities.ts";
import { overlaps } from "./check-offers.ts";
import { PackageComponents } from "./components/package-components.ts";
import type { Confinement } from "./confinement.ts";
import type { Containers } from "./containers.ts";
import { findOperation } from "./find-operation.ts";
import { PackageFunctions } from "./functions/package-functions.ts";
import type { Grants } from "./grants.ts";
import type { Api } from "./host-calls.ts";
import { letIn, type RefusedPackage } from "./let-in.ts";
import type { LoadedPackage, PackageHost, Processes } from "./loaded-package.ts";
import type { PackageSource } from "./package-source.ts";
import { plainLog } from "./plain-log.ts";
import { shownPackage, shownRefusal } from "./shown-package.ts";

/** Where it does not tell, nothing is promised. */
function durabilityOf(store: object | undefined): Durability {
  return store !== undefined && "durability" in store ? (store.durability as Durability) : "memory";
}

export interface PackageSetOptions {
  readonly confinement: Confinement;
  readonly platform: Platform;
  /** Bytes of a request's body. */
  readonly maxBodySize: number;
  /** Left out where there are no programs to run, as in a page. */
  readonly processes?: Processes;
  /** Left out where there are none. */
  readonly containers?: Containers;
  /** What is ended with it. */
  ended?(): Promise<void>;
}

/** Packages by their names, loaded and changed while they are called. */
export class PackageSet implements Capabilities {
  readonly #options: PackageSetOptions;
  readonly #host: PackageHost;
  /** One update after the other: the last one holds. */
  #turn: Promise<void> = Promise.resolve();
  #api: Api | undefined;
  #attached: AttachedSidecar | undefined;
  #meter: CapabilityMeter | undefined;
  readonly functions: PackageFunctions;
  readonly #actors: PackageActors;
  #overlaps: readonly string[] = [];
  #started = false;
  /** What the sidecar was last told that packages want. */
  #followed = "";
  readonly #components: PackageComponents;
  /** What the sidecar last knew of what they offer. */
  #known = "";
  #loaded: ReadonlyMap<string, LoadedPackage> = new Map();
  #refused: ReadonlyMap<string, RefusedPackage> = new Map();
  /** What they were last wanted to be. */
  #last: { readonly sources: readonly PackageSource[]; readonly grants: Grants } = {
    sources: [],
    grants: new Map(),
  };

  constructor(given: PackageSetOptions) {
    const platform = { ...given.platform, log: plainLog(given.platform.log) };
    this.#options = { ...given, platform };
    const { confinement } = given;
    this.#host = {
      confinement,
      platform,
      api: (request) => {
        if (this.#api === undefined) throw new Error("the sidecar is not there yet");
        return this.#api(request);
      },
      observers: () => this.#attached?.sidecar,
      meter: () => this.#meter,
      processes: given.processes,
      containers: given.containers,
    };
    this.#components = new PackageComponents(
      () => this.#loaded,
      (store) => durabilityOf(this.#attached?.sidecar.components.state.get(store)?.component),
      given.maxBodySize,
    );
    this.#actors = new PackageActors(() => this.#loaded, given.maxBodySize);
    this.functions = new PackageFunctions(() => this.#loaded, this.#host);
  }

  attach(api: Api, attached?: AttachedSidecar): void {
    this.#api = api;
    this.#attached = attached;
    this.#known = this.#components.offers;
    this.#meter = attached?.sidecar.meters?.capabilities(() => this.#counts());
  }

  /**
   * Makes these the packages, with these grants. Each is let in or refused by itself, which is logged and listed. One that was
   * there goes on until its successor is ready and its calls have ended; it also stays where its successor is refused, unless
   * it may do other things by now. What has not changed stays as it is, instances and all.
   */
  update(sources: readonly PackageSource[], grants: Grants): Promise<void> {
    const updating = this.#turn.then(() => this.#update(sources, grants));
    this.#turn = updating.catch(() => undefined);
    return updating;
  }

  async #update(sources: readonly PackageSource[], grants: Grants): Promise<void> {
    this.#last = { sources, grants };
    const before = [...this.#loaded.values()];
    const { loaded, refused } = await letIn(sources, grants, {
      now: this.#loaded,
      host: this.#host,
      components: this.#components,
      open: this.#open,
    });
    this.#loaded = loaded;
    this.#refused = refused;
    this.functions.become();
    this.#components.become();
    this.#follow();
    const told = overlaps(loaded.values());
    for (const sentence of told)
      if (!this.#overlaps.includes(sentence)) this.#options.platform.log.warn(sentence);
    this.#overlaps = told;
    for (const name of grants.keys()) {
      if (!loaded.has(name) && !refused.has(name)) {
        this.#options.platform.log.warn(`something is granted to capability ${name}, which is not there`);
      }
    }
    // Not waited for: they have calls under way.
    for (const one of before) if (loaded.get(one.manifest.name) !== one) void one.close();
  }

  /** What packages offer of components, for a registry that grows. */
  get components(): readonly Definitions[Family][] {
    return this.#components.all;
  }

  list(): readonly object[] {
    return [
      ...[...this.#loaded.values()].map(shownPackage),
      ...[...this.#refused.values()].map(shownRefusal),
    ];
  }

  async handle(
    request: RuntimeRequest,
    packageName: string | undefined,
    path: string,
  ): Promise<RuntimeResponse> {
    const packages = { loaded: this.#loaded, refused: this.#refused };
    const found = findOperation(packages, packageName, request.method, path);
    found.package.begin();
    try {
      return await answerOffer(found, await this.#whole(request), path, this.#host);
    } finally {
      found.package.ended();
    }
  }

  async invoke(request: RuntimeRequest, name: string): Promise<RuntimeResponse> {
    return await this.functions.invoke(await this.#whole(request), name);
  }

  get bindings(): readonly string[] {
    return this.functions.bindings;
  }

  get actorTypes(): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
    return this.#actors.types;
  }

  answerActor(request: RuntimeRequest, turn?: Headers): Promise<RuntimeResponse | undefined> {
    return this.#actors.answer(request, turn);
  }

  takes(binding: string): BindingHandler | undefined {
    return this.functions.takes(binding);
  }

  async componentsChanged(): Promise<void> {
    if (![...this.#refused.values()].some(({ inUse }) => inUse)) return;
    const { sources, grants } = this.#last;
    await this.update(sources, grants);
  }

  start(): void {
    this.functions.start();
    this.#started = true;
    this.#followed = this.#wanted;
    this.#follow();
  }

  async close(): Promise<void> {
    await this.functions.close();
    await this.#options.ended?.();
    for (const one of this.#loaded.values()) one.end();
    await this.#options.confinement.close();
    await this.#options.containers?.close();
  }

  get #open(): OpenComponents | undefined {
    const sidecar = this.#attached?.sidecar;
    return sidecar?.readiness.components ? sidecar.components : undefined;
  }

  get #wanted(): string {
    return JSON.stringify([this.bindings, [...this.actorTypes]]);
  }

  /** Has the sidecar read what packages want and offer by now. */
  #follow(): void {
    if (!this.#started) return;
    this.#prepare();
    const failed = (what: string) => (error: unknown) =>
      this.#options.platform.log.error(`what packages ${what} is not read: ${reasonOf(error)}`);
    const wanted = this.#wanted;
    if (wanted !== this.#followed) void this.#attached?.askApp().catch(failed("take"));
    this.#followed = wanted;
    const { offers } = this.#components;
    if (offers !== this.#known) void this.#attached?.update().catch(failed("offer"));
    this.#known = offers;
  }

  /** A first call would wait for a place longer than for its guest. */
  #prepare(): void {
    if (![...this.#loaded.values()].some(({ modules }) => modules.size > 0)) return;
    try {
      this.#options.confinement.ahead?.();
    } catch (error) {
      this.#options.platform.log.debug(`no guest has a place ahead of its first call: ${reasonOf(error)}`);
    }
  }

  #counts(): readonly CapabilityCounts[] {
    return [...this.#loaded].map(
      ([
        capability,
        {
          instances: { instances, busy },
        },
      ]) => ({
        capability,
        idle: instances - busy,
        busy,
      }),
    );
  }

  /** The request with all of its body. */
  async #whole({ method, query, headers, body }: RuntimeRequest): Promise<OfferRequest> {
    try {
      return { method, query, headers, body: await readBody(body, this.#options.maxBodySize) };
    } catch (error) {
      if (!(error instanceof BodyTooLargeError)) throw error;
      throw new ApiError("ERR_CAPABILITY_REQUEST", { cause: error.message }, { status: 413 });
    }
  }
}
