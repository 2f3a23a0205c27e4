import { hostsOf } from "../components/availability.ts";
import type { Family } from "../components/component.ts";
import type { Definitions } from "../components/registry.ts";
import { ApiError } from "../errors/api-error.ts";
import { ComponentError } from "../errors/component-error.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { BodyTooLargeError, type RuntimeRequest, type RuntimeResponse, readBody } from "../http.ts";
import type { Platform } from "../platform.ts";
import type { CapabilityCounts, CapabilityMeter } from "../telemetry/metrics/meters.ts";
import { answerOffer, type Found, type OfferRequest } from "./answer-offer.ts";
import type { Capabilities, Observers } from "./capabilities.ts";
import type { AskPackage } from "./components/guest-component.ts";
import { offeredComponent } from "./components/offered-components.ts";
import type { Confinement } from "./confinement.ts";
import { callFunction, findFunction, triggersOf } from "./function-calls.ts";
import { FunctionTriggers } from "./function-triggers.ts";
import { type Grants, phrases } from "./grants.ts";
import type { Api } from "./host-calls.ts";
import { LoadedPackage, type PackageHost } from "./loaded-package.ts";
import type { CapabilityManifest, Offer } from "./manifest.ts";
import { matchOperation } from "./match-operation.ts";
import type { PackageSource } from "./package-source.ts";
import { plainLog } from "./plain-log.ts";
import { readManifest } from "./read-manifest.ts";
import { shownPackage, shownRefusal } from "./shown-package.ts";

/** A package that was not let in, and why. */
export interface RefusedPackage {
  readonly name: string;
  readonly origin: string;
  readonly cause: string;
}

export interface PackageSetOptions {
  readonly confinement: Confinement;
  readonly platform: Platform;
  /** Bytes of a request's body. */
  readonly maxBodySize: number;
  /** What is ended with it. */
  ended?(): Promise<void>;
}

/** Throws for what cannot be offered, or is somebody else's: a package must not take the place of a store in use. */
function checkOffers({ offers }: CapabilityManifest, others: readonly LoadedPackage[]): void {
  const actor = offers.find((offer) => offer.kind === "actor");
  if (actor !== undefined)
    throw new Error(`it offers actors of type ${actor.type}, which packages cannot yet`);
  const taken = new Set(others.flatMap(({ manifest }) => manifest.offers.map(typeOf)));
  for (const type of offers.map(typeOf)) {
    if (type === undefined) continue;
    if (Object.hasOwn(hostsOf, type))
      throw new Error(`it offers components of type ${type}, which is daprlet's own`);
    if (taken.has(type))
      throw new Error(`it offers components of type ${type}, which another package does as well`);
  }
}

function typeOf(offer: Offer): string | undefined {
  return offer.kind === "component" ? offer.type : undefined;
}

/** Packages by their names, loaded and changed while they are called. */
export class PackageSet implements Capabilities {
  readonly #options: PackageSetOptions;
  readonly #host: PackageHost;
  /** One update after the other: the last one holds. */
  #turn: Promise<void> = Promise.resolve();
  #api: Api | undefined;
  #observers: Observers | undefined;
  #meter: CapabilityMeter | undefined;
  #triggers: FunctionTriggers | undefined;
  #loaded: ReadonlyMap<string, LoadedPackage> = new Map();
  #refused: ReadonlyMap<string, RefusedPackage> = new Map();

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
      observers: () => this.#observers,
      meter: () => this.#meter,
    };
  }

  attach(api: Api, observers?: Observers): void {
    this.#api = api;
    this.#observers = observers;
    this.#meter = observers?.meters?.capabilities(() => this.#counts());
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
    const loaded = new Map<string, LoadedPackage>();
    const refused = new Map<string, RefusedPackage>();
    for (const source of sources) {
      const { origin } = source;
      const known = [...this.#loaded.values()].find((one) => one.origin === origin);
      let name = known?.manifest.name ?? origin;
      try {
        if (source.manifest instanceof Error) throw source.manifest;
        const manifest = readManifest(source.manifest, `${origin}/capability.json`);
        name = manifest.name;
        if (loaded.has(name) || refused.has(name))
          throw new Error(`another package is called ${name} as well`);
        checkOffers(manifest, [...loaded.values()]);
        const fresh = await LoadedPackage.load(manifest, source, grants.get(name), this.#host);
        const before = this.#loaded.get(name);
        const same = before?.fingerprint === fresh.fingerprint;
        loaded.set(name, same ? before : fresh);
        if (!same) this.#tell(fresh);
      } catch (error) {
        const cause = reasonOf(error);
        const stays =
          known !== undefined &&
          !loaded.has(known.manifest.name) &&
          known.may(grants.get(known.manifest.name));
        if (stays) loaded.set(known.manifest.name, known);
        refused.set(name, { name, origin, cause });
        const effect = stays ? "is refused, and stays as it was" : "is refused";
        this.#options.platform.log.error(`capability ${name} (${origin}) ${effect}: ${cause}`);
      }
    }
    const before = [...this.#loaded.values()];
    this.#loaded = loaded;
    this.#refused = refused;
    this.#trigger();
    for (const name of grants.keys()) {
      if (!loaded.has(name) && !refused.has(name)) {
        this.#options.platform.log.warn(`something is granted to capability ${name}, which is not there`);
      }
    }
    // Not waited for: they have calls under way.
    for (const one of before) if (loaded.get(one.manifest.name) !== one) void one.close();
  }

  /** What packages offer of components: a host adds them to its registry before it opens any. */
  get components(): readonly Definitions[Family][] {
    return [...this.#loaded.values()].flatMap(({ manifest }) =>
      manifest.offers.flatMap((offer) => {
        if (offer.kind !== "component") return [];
        const summary = `${manifest.description} (capability ${manifest.name})`;
        const ask = this.#asking(manifest.name, offer.module);
        return [offeredComponent(offer, summary, ask, this.#options.maxBodySize)];
      }),
    );
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
    const found =
      packageName === undefined
        ? this.#anywhere(request.method, path)
        : this.#of(packageName, request.method, path);
    return await answerOffer(found, await this.#whole(request), path, this.#host);
  }

  async invoke(request: RuntimeRequest, name: string): Promise<RuntimeResponse> {
    return await callFunction(findFunction(this.#loaded.values(), name), await this.#whole(request));
  }

  start(): void {
    const { platform } = this.#options;
    this.#triggers = new FunctionTriggers(this.#host.api, platform);
    this.#trigger();
  }

  async close(): Promise<void> {
    await this.#triggers?.close();
    await this.#options.ended?.();
    for (const one of this.#loaded.values()) one.end();
    await this.#options.confinement.close();
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

  /** Looked up with each call: a package may be another one by then. */
  #asking(name: string, module: string): AskPackage {
    return (fields, options) => {
      const one = this.#loaded.get(name);
      if (one === undefined)
        throw new ComponentError("UNAVAILABLE", `capability ${name} is not loaded any more`);
      return one.call(module, { fields, checks: [] }, options);
    };
  }

  #trigger(): void {
    const current = (name: string) => [this.#loaded.get(name)].filter((one) => one !== undefined);
    this.#triggers?.become(triggersOf(this.#loaded.values(), current, this.#options.platform.log));
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

  /** What a user wants to know when a package is loaded: what it asked for, and did not get. */
  #tell({ manifest, authority }: LoadedPackage): void {
    const { log } = this.#options.platform;
    const granted = phrases(authority.granted);
    log.info(
      `capability ${manifest.name} ${manifest.version} is loaded; granted: ${granted.join(", ") || "nothing but to compute"}`,
    );
    for (const phrase of authority.refused) {
      log.warn(`capability ${manifest.name} asked to ${phrase}, and was not granted it`);
    }
  }

  #of(name: string, method: string, path: string): Found {
    const one = this.#loaded.get(name);
    if (one !== undefined) return this.#operation([one], method, path);
    const refused = this.#refused.get(name);
    if (refused !== undefined) throw new ApiError("ERR_CAPABILITY_REFUSED", { name, cause: refused.cause });
    throw new ApiError("ERR_CAPABILITY_NOT_FOUND", { name });
  }

  /** The book's paths name no package; one whose first segment is the name of one does. */
  #anywhere(method: string, path: string): Found {
    const slash = path.indexOf("/");
    const name = path.slice(0, Math.max(slash, 0));
    if (this.#loaded.has(name) || this.#refused.has(name))
      return this.#of(name, method, path.slice(slash + 1));
    return this.#operation([...this.#loaded.values()], method, path);
  }

  #operation(packages: readonly LoadedPackage[], method: string, path: string): Found {
    const others = new Set<string>();
    for (const one of packages) {
      for (const opened of one.http) {
        const found = matchOperation(opened.operations, method, path);
        if ("operation" in found) return { package: one, opened, matched: found };
        for (const other of found.methods) others.add(other);
      }
    }
    if (others.size === 0) throw new ApiError("ERR_CAPABILITY_NO_OPERATION", { method, path });
    throw new ApiError("ERR_CAPABILITY_NO_OPERATION", { method, path }, { status: 405 });
  }
}
