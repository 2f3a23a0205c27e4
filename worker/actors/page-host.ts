import { type Actors, actorHeader, asAnswered, isMoved, moved } from "../../host/actors/actors.ts";
import { LocalActors } from "../../host/actors/local-actors.ts";
import { PlacementClient } from "../../host/actors/placement/placement-client.ts";
import { HostedActorCalls } from "../../host/api/actors/hosted-actor-calls.ts";
import { calledBy } from "../../host/api/actors/method.ts";
import type { Call } from "../../host/api/endpoint.ts";
import { withPackageActors } from "../../host/capability/actors/actor-channel.ts";
import type { Capabilities } from "../../host/capability/capabilities.ts";
import type { AppChannel } from "../../host/channel/app-channel.ts";
import type { Core } from "../../host/core/core.ts";
import { answerToError } from "../../host/errors/answer-to-error.ts";
import { apiError } from "../../host/errors/api-error.ts";
import { reasonOf } from "../../host/errors/reason-of.ts";
import {
  header,
  type RuntimeRequest,
  type RuntimeResponse,
  readBody,
  withChanges,
  withoutHeader,
} from "../../host/http.ts";
import { UnavailableError } from "../../host/mesh/transport.ts";
import { type Platform, untilAborted } from "../../host/platform.ts";
import { CurrentResiliency } from "../../host/resiliency/current-resiliency.ts";
import type { AppHost, PageHosting } from "../client/app-host.ts";
import { TURN_HEADER } from "../messages.ts";
import { detached } from "../wire.ts";
import { ActorLink } from "./actor-link.ts";
import type { ActorsDownstream } from "./actor-messages.ts";
import { actorPath } from "./actor-path.ts";
import { PageMeter } from "./page-meter.ts";
import { PortStore } from "./port-store.ts";
import { WokenClock } from "./woken-clock.ts";

type PackageTurns = Pick<Capabilities, "answerActor"> & {
  actorTypes: Capabilities["actorTypes"];
};

export interface PageHostOptions {
  readonly platform: Platform;
  readonly core: Core;
  /** What answers the callbacks of actors. */
  readonly app: () => AppHost;
  /** Finds out whether the worker is still there; it is started again where it is not. */
  readonly nudge: () => void;
}

type Opened = ActorsDownstream & { readonly type: "opened" };

/** The actors of one page: hosted in it, while the worker of its origin says who owns which, and keeps their state. */
export class PageHost implements PageHosting {
  readonly #options: PageHostOptions;
  readonly #platform: Platform;
  readonly #link: ActorLink;
  readonly #stopping = new AbortController();
  readonly #greeted: Promise<Opened>;
  /** The latest beginning. */
  #turn: Promise<void> = Promise.resolve();
  /** As whom it has begun. */
  #as: string | undefined;
  #greet: (opened: Opened) => void = () => undefined;
  #opened: Opened | undefined;
  #store: { readonly name: string; readonly component: PortStore } | undefined;
  #actors: Actors | undefined;
  #local: LocalActors | undefined;
  #policies: CurrentResiliency | undefined;
  readonly #meter = new PageMeter();
  #counted = "";

  constructor(options: PageHostOptions) {
    this.#options = options;
    const clock = new WokenClock(options.platform.clock);
    this.#platform = { ...options.platform, clock };
    this.#greeted = new Promise((resolve) => {
      this.#greet = resolve;
    });
    this.#link = new ActorLink(options.platform.clock, {
      opened: (opened) => this.#adopt(opened),
      tick: () => {
        clock.wake();
        this.#count();
      },
      silent: options.nudge,
    });
  }

  connect(): MessagePort {
    return this.#link.connect();
  }

  /** Asks the app which actors it has, and takes part with them. Resolves once the worker knows. */
  async start(): Promise<void> {
    this.#turn = this.#begin(await this.#greeted);
    await this.#turn;
  }

  /** What packages are, as the worker has said last, and runs. */
  readonly #packages: PackageTurns = {
    actorTypes: new Map(),
    answerActor: async (request) => {
      const [, , type = ""] = request.path.split("/", 3);
      if (!this.#packages.actorTypes.has(decodeURIComponent(type))) return undefined;
      const { method, path, query, headers } = request;
      const body = detached(await readBody(request.body));
      return await this.#link.turn({ method, path, query, headers, body });
    },
  };

  async #begin(opened: Opened): Promise<void> {
    const { core, app } = this.#options;
    const { appId, namespace, instance } = opened;
    this.#as = nameOf(opened);
    const platform = this.#platform;
    const policies = new CurrentResiliency({ appId, namespace, core, platform, rules: undefined });
    this.#policies = policies;
    await policies.become((this.#opened as Opened).resiliencies);
    const channel: AppChannel = {
      // A handler may go on when nobody waits for it any more: the turn is over all the same.
      invoke: (request) => untilAborted(app().run(request, request.signal), request.signal),
      ready: async () => undefined,
      properties: {},
      close: async () => undefined,
    };
    this.#local = new LocalActors({
      appId,
      namespace,
      name: instance === undefined ? platform.uuid() : `${instance}/${platform.uuid()}`,
      platform,
      core,
      // A package's turn is over with the worker's answer, which comes at the package's deadline at the latest.
      app: { ...channel, ...withPackageActors(channel, this.#packages, platform.log), abandonsTurns: true },
      resiliency: () => policies.now,
      membership: new PlacementClient(this.#link, platform),
      store: () => this.#store,
      meters: this.#meter,
      remote: () => Promise.reject(new UnavailableError("a page passes no calls on", { sent: false })),
    });
    this.#actors = new HostedActorCalls(this.#local);
    await this.#actors.start(this.#stopping.signal);
  }

  /** Others know it by another name by now: what it has is given up, and begun anew under that one. */
  async #beginAnew(): Promise<void> {
    try {
      await this.#actors?.close();
      if (this.#opened !== undefined && !this.#stopping.signal.aborted) await this.#begin(this.#opened);
    } catch (error) {
      this.#platform.log.error("actors are not hosted under their new name", { cause: reasonOf(error) });
    }
  }

  async receive(request: RuntimeRequest, signal: AbortSignal | undefined): Promise<RuntimeResponse> {
    const version = Number(header(request.headers, actorHeader));
    const headers = withoutHeader(request.headers, actorHeader);
    const { method, path, query, body } = request;
    return await this.#answer({ method, path, query, headers, body, signal }, version);
  }

  /** A call that an actor of this page makes, where this page can answer it itself. */
  async own(request: RuntimeRequest): Promise<RuntimeResponse | undefined> {
    const found = actorPath(request);
    if (found === undefined || this.#local === undefined) return undefined;
    const [type = "", id = ""] = found.params;
    const { operation } = found;
    const owns = this.#local.owners.owns(type, id);
    if (!owns && operation !== "transact") return undefined;
    // Before a turn stand the worker's retries and breakers.
    if (operation === "invoke" && this.#policies?.now.actor(type)?.waiting(id).waits) return undefined;
    const headers = calledBy(request.headers, this.#local.options);
    const answer = await this.#answer(withChanges(request, { headers }), 0);
    return isMoved(answer) ? undefined : asAnswered(answer);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the page serves no longer"));
    await this.#actors?.close();
    this.#link.close();
  }

  async #answer(request: RuntimeRequest, version: number): Promise<RuntimeResponse> {
    const found = actorPath(request);
    const actors = this.#actors;
    const local = this.#local;
    if (found === undefined || actors === undefined || local === undefined) return moved;
    const strict = this.#opened?.strict ?? false;
    const sidecar = { strict, maxBodySize: Number.POSITIVE_INFINITY } as Call["sidecar"];
    const { operation, params } = found;
    const [type = "", id = ""] = params;
    const { owners } = local;
    if (operation === "transact") {
      // A turn may end while owners change: that waits for it. What one writes that has lost its actor is not passed on to
      // who has it now, nor kept for when it is here again.
      const turn = header(request.headers, TURN_HEADER);
      if (!owners.ready || (turn !== undefined && !this.#link.turns(Number(turn))))
        return apiError("ERR_ACTOR_INSTANCE_MISSING");
    } else {
      if (!owners.owns(type, id)) await owners.reach(version, request.signal);
      if (!owners.owns(type, id)) return moved;
    }
    const call = { sidecar, request, params, path: request.path, requestId: undefined };
    try {
      return await actors.receive(operation, call, version);
    } catch (error) {
      return answerToError(error, request, this.#platform.log);
    } finally {
      this.#count();
    }
  }

  #adopt(opened: Opened): void {
    const before = this.#opened?.store;
    const { store } = opened;
    this.#opened = opened;
    const { packages = [] } = opened;
    if (JSON.stringify(packages) !== JSON.stringify([...this.#packages.actorTypes])) {
      this.#packages.actorTypes = new Map(packages);
      // A page that has not begun yet reads them then.
      void this.#actors?.start(this.#stopping.signal).catch((error: unknown) => {
        this.#platform.log.error("actors of packages are not hosted", { cause: reasonOf(error) });
      });
    }
    if (this.#as !== undefined && this.#as !== nameOf(opened)) {
      this.#as = nameOf(opened);
      this.#turn = this.#turn.catch(() => undefined).then(() => this.#beginAnew());
    }
    this.#greet(opened);
    void this.#policies?.become(opened.resiliencies);
    // The worker may be another one.
    this.#counted = "";
    this.#count(true);
    if (before?.name === store?.name && before?.number === store?.number) return;
    const component = new PortStore((call) => this.#link.store(call));
    this.#store = store && { name: store.name, component };
    void this.#actors?.componentsChanged();
  }

  /** Tells how many actors there are, where that has changed. */
  #count(again = false): void {
    const news = this.#opened?.measured === true ? this.#meter.news(again) : undefined;
    if (news !== undefined) this.#link.measured(news);
    const counts = (this.#actors?.status.activeActors ?? []).map(({ type, count }) => [type, count] as const);
    const counted = JSON.stringify(counts);
    if (counted === this.#counted) return;
    this.#counted = counted;
    this.#link.active(counts);
  }
}

/** What of a worker's greeting others know this page by. */
function nameOf({ namespace, instance }: Opened): string {
  return JSON.stringify([namespace, instance]);
}
