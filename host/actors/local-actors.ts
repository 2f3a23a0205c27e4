import { type Abortable, signalOf } from "../abortable.ts";
import { type AppChannel, AppUnreachableError } from "../channel/app-channel.ts";
import type { ListingStore } from "../components/state/store.ts";
import type { Core } from "../core/core.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { abortableOf, type RuntimeRequest, type RuntimeResponse } from "../http.ts";
import type { Platform } from "../platform.ts";
import type { Resiliency } from "../resiliency/resiliency.ts";
import type { ActorCounts, Meters } from "../telemetry/metrics/meters.ts";
import { NoActorStoreError } from "./actor-error.ts";
import { ActorHost } from "./actor-host.ts";
import { sharedPrefix } from "./actor-keys.ts";
import type { ActorStore } from "./actor-store.ts";
import { type ActorRuntimeStatus, placementWords } from "./actors.ts";
import { FencedStore } from "./fenced-store.ts";
import { atOwner, NoAddressError } from "./owner-search.ts";
import type { Membership, TableHost } from "./placement/membership.ts";
import { type Halting, Owners } from "./placement/owners.ts";
import { type PlacementState, placementState } from "./placement/placement-state.ts";
import { readActorConfig } from "./read-actor-config.ts";
import { Scheduling } from "./scheduling.ts";

/** The store that actors' state is kept in, as it is open at present. */
export interface OpenActorStore {
  readonly name: string;
  readonly component: ListingStore;
}

export interface LocalActorsOptions {
  readonly appId: string;
  readonly namespace: string;
  /** In the tables. */
  readonly name: string;
  /** Where gateways call this instance, once it listens; undefined: they cannot. */
  readonly address?: (() => Promise<string | undefined>) | undefined;
  readonly platform: Platform;
  readonly core: Core;
  readonly app: AppChannel | undefined;
  readonly resiliency: () => Resiliency;
  readonly membership: Membership;
  /** Undefined where no component has `actorStateStore: "true"`. */
  readonly store: () => OpenActorStore | undefined;
  /** Undefined where nothing is measured. */
  readonly meters?: Pick<Meters, "actors"> | undefined;
  /** Hands a call to the instance that owns its actor. Where that does not, it answers that the actor has moved. */
  readonly remote: (owner: TableHost, request: RuntimeRequest, version: number) => Promise<RuntimeResponse>;
}

/** The actors of one instance: those that it hosts, and the way to all others. */
export class LocalActors {
  readonly options: LocalActorsOptions;
  readonly host: ActorHost;
  readonly owners: Owners;
  readonly scheduling: Scheduling;
  #fenced: FencedStore | undefined;
  #component: ListingStore | undefined;
  #joined: Promise<void> | undefined;
  #address: string | undefined;
  #app: "away" | "asked" = "away";
  #answered: boolean;
  #suspended = false;
  #healthy = true;
  /** No turn begins: its store is being replaced, or all comes to its end. */
  #away = false;
  #closed = false;

  constructor(options: LocalActorsOptions) {
    this.options = options;
    const { platform, core, name, namespace, app } = options;
    this.#answered = app === undefined;
    app?.watch?.((healthy) => this.#watched(healthy));
    const meter = options.meters?.actors(() => this.#counts);
    this.host = new ActorHost({
      platform,
      core,
      app: (request) => this.#invokeApp(request),
      abandonsTurns: app?.abandonsTurns === true,
      owns: (type, id) => !this.#away && options.membership.valid && this.owners.owns(type, id),
      limited: (type, ending, work) => this.#limited(type, ending, work),
      deactivated: (type, id) => this.scheduling.timers.forget(type, id),
      meter,
    });
    this.scheduling = new Scheduling(this.host, platform, sharedPrefix(namespace), meter);
    const halting: Halting = {
      halt: (types, keeps, longestMs) => this.#halt(types, keeps, longestMs),
      claim: (hosts) => this.#claim(hosts),
      settled: () => this.scheduling.changed(),
    };
    this.owners = new Owners(name, core, platform.clock, halting, options.membership.name);
  }

  /** Undefined where there is none. */
  get store(): ActorStore | undefined {
    const open = this.options.store();
    if (open === undefined) return undefined;
    if (this.#fenced === undefined || this.#component !== open.component) {
      const { namespace, appId, name: instance } = this.options;
      this.#component = open.component;
      const of = { namespace, appId, instance };
      const made = new FencedStore(open.name, open.component, of, () => {
        if (this.#fenced === made)
          this.options.membership.rejoin("its actors were taken over by another one");
      });
      this.#fenced = made;
    }
    return this.#fenced;
  }

  get status(): ActorRuntimeStatus {
    const activeActors = [...this.host.counts].map(([type, count]) => ({ type, count }));
    const { membership } = this.options;
    const { ready, version } = this.owners;
    const joined = this.#joined !== undefined;
    const settled = this.#answered && (ready || !joined);
    return {
      runtimeStatus: this.#suspended ? "DISABLED" : settled ? "RUNNING" : "INITIALIZING",
      activeActors,
      hostReady: !this.#suspended && activeActors.length > 0 && ready,
      placement: joined && this.#answered ? placementWords(ready) : "",
      table: joined ? `${membership.name}: version ${version}` : undefined,
    };
  }

  get #counts(): readonly ActorCounts[] {
    const timers = this.scheduling.timers.counts;
    return [...this.host.pending].map(([type, pending]) => ({
      type,
      pending,
      timers: timers.get(type) ?? 0,
    }));
  }

  async start(signal: AbortSignal): Promise<void> {
    const { app, appId, platform } = this.options;
    if (app === undefined) return;
    const config = await readActorConfig(app, appId, platform, signal);
    if (config !== undefined) this.#address = await this.options.address?.();
    this.#answered = true;
    if (config === undefined || this.#closed) return;
    this.#app = "asked";
    this.host.configure(config);
    await this.#report();
  }

  async componentsChanged(): Promise<void> {
    const component = this.options.store()?.component;
    if (this.#app === "away" || component === this.#component) return;
    this.#fenced = undefined;
    this.#away = true;
    try {
      const types = new Set(this.host.types);
      await this.#halt(types, () => false);
      await this.#report();
      // Where nothing is settled the table that comes is claimed by.
      if (component !== undefined && this.owners.ready) await this.#claim(this.owners.hosts);
    } catch (error) {
      // It may write nothing before it has claimed: by the next table, for which there are further attempts.
      this.options.membership.rejoin(`the actor state store cannot be used: ${reasonOf(error)}`);
    } finally {
      this.#away = this.#closed;
      this.scheduling.changed();
    }
  }

  /** Types are hosted while there is a store for them. */
  async #report(): Promise<void> {
    const { membership, platform } = this.options;
    const hosted = this.host.types;
    this.#suspended = hosted.length > 0 && this.options.store() === undefined;
    if (this.#suspended) {
      platform.log.error(
        `the app's actors (${hosted.join(", ")}) are not hosted: no state store has the metadata actorStateStore: "true"`,
      );
    }
    const types = this.#suspended || !this.#healthy ? [] : hosted;
    await this.scheduling.use(types.length === 0 ? undefined : this.store, types);
    if (this.#joined !== undefined) await membership.report(types);
    else if (types.length > 0) await this.#join(types);
  }

  /** An app whose health checks fail hosts nothing (dapr-http-api §2.6): others do meanwhile, if there are any. */
  #watched(healthy: boolean): void {
    this.#healthy = healthy;
    if (this.#app === "away" || this.#closed) return;
    this.#report().catch((error: unknown) => {
      const cause = reasonOf(error);
      this.options.platform.log.error("what is hosted could not be reported", { cause });
    });
  }

  /** Resolves when nothing of what is halted runs or is being written. */
  async #halt(
    types: ReadonlySet<string>,
    keeps: (type: string, id: string) => boolean,
    longestMs?: number,
  ): Promise<void> {
    await Promise.all([this.host.halt(types, keeps, longestMs), this.scheduling.pause(types, keeps)]);
  }

  #join(types: readonly string[]): Promise<void> {
    const { membership, name, appId, namespace } = this.options;
    this.#joined ??= membership.join({ name, appId, namespace, types, address: this.#address }, this.owners);
    return this.#joined;
  }

  async #claim(hosts: readonly TableHost[]): Promise<void> {
    if (this.host.types.length === 0 || this.store === undefined) return;
    const own = hosts.filter(({ appId }) => appId === this.options.appId);
    await this.#fenced?.claim(new Set(own.map(({ name }) => name)));
  }

  #invokeApp(request: RuntimeRequest): Promise<RuntimeResponse> {
    const { app } = this.options;
    if (app === undefined) return Promise.reject(new AppUnreachableError("the sidecar has no app"));
    return app.invoke(request);
  }

  #limited<T>(type: string, ending: Abortable, work: (ending: Abortable) => Promise<T>): Promise<T> {
    const turn = this.options.resiliency().actor(type)?.turn;
    if (turn === undefined) return work(ending);
    return turn.run({ attempt: (limited) => work(limited ?? ending), signal: signalOf(ending) });
  }

  /** Who hosts what, as far as this instance knows after a short wait. */
  async placement(request: RuntimeRequest): Promise<PlacementState> {
    this.#takePart();
    await this.owners.reach(0, abortableOf(request));
    return placementState(this.owners.tables, this.options.namespace);
  }

  #takePart(): void {
    if (this.#joined === undefined && !this.#closed) void this.#join([]);
  }

  /** Runs `here` where this instance owns the actor, else hands the request to the one that does; see `atOwner`. */
  atOwner(
    type: string,
    id: string,
    request: RuntimeRequest,
    here: () => Promise<RuntimeResponse>,
  ): Promise<RuntimeResponse> {
    const { platform, name, remote } = this.options;
    this.#takePart();
    const search = {
      owners: this.owners,
      clock: platform.clock,
      resiliency: this.options.resiliency(),
    };
    const answer = atOwner(search, type, id, abortableOf(request), (owner, version) =>
      owner.name === name ? here() : remote(owner, request, version),
    );
    return answer.catch((error: unknown) => {
      const unstored = error instanceof NoAddressError && this.#suspended && this.host.hosts(type);
      throw unstored ? new NoActorStoreError() : error;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#away = true;
    if (this.#joined === undefined) return;
    await Promise.all([this.host.halt(new Set(this.host.types), () => false), this.scheduling.stop()]);
    await this.host.stop();
    await this.options.membership.leave();
    await this.#fenced?.release().catch(() => undefined);
  }
}
