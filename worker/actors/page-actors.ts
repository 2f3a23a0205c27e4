import {
  type ActorOperation,
  type ActorRuntimeStatus,
  type Actors,
  actorHeader,
  moved,
  placementWords,
} from "../../host/actors/actors.ts";
import { atOwner } from "../../host/actors/owner-search.ts";
import { checkNames } from "../../host/api/actors/actor-name.ts";
import { callOwner } from "../../host/api/actors/call-owner.ts";
import { calledBy, methodFailure } from "../../host/api/actors/method.ts";
import { getActorState } from "../../host/api/actors/state.ts";
import {
  ownerFailure,
  readWhole,
  tooLarge,
  underActorPolicy,
} from "../../host/api/actors/under-actor-policy.ts";
import type { Call } from "../../host/api/endpoint.ts";
import { apiError } from "../../host/errors/api-error.ts";
import {
  BodyTooLargeError,
  type Headers,
  header,
  type RuntimeRequest,
  type RuntimeResponse,
  withoutHeader,
} from "../../host/http.ts";
import { UnavailableError } from "../../host/mesh/transport.ts";
import type { Sidecar } from "../../host/sidecar.ts";
import type { ActorMeter } from "../../host/telemetry/metrics/meters.ts";
import { PAGE_HEADER, REQUEST_ID_HEADER, TURN_HEADER } from "../messages.ts";
import type { PageConnection } from "../page-connection.ts";
import { PageGoneError } from "../page-gone-error.ts";
import type { PackageTypes } from "./actor-messages.ts";
import type { Home } from "./home.ts";
import type { HostingPage, PageApp } from "./hosting-page.ts";
import { notHosted } from "./not-hosted.ts";
import { packagesNews } from "./packages-news.ts";
import { addedUp } from "./page-meter.ts";
import type { OpenStore } from "./store-answer.ts";
import { withoutTrips } from "./without-trips.ts";

const segments: Readonly<Record<ActorOperation, string>> = {
  invoke: "method",
  transact: "state",
  state: "state",
  reminder: "reminders",
  timer: "timers",
};

function pathOf(operation: ActorOperation, [type = "", id = "", ...name]: Call["params"]): string {
  return `/v1.0/actors/${[type, id, segments[operation], ...name].map(encodeURIComponent).join("/")}`;
}

/** The headers of another instance's call. Ids are its own: they must not meet the outcome of another one's. */
function named(headers: Headers): Headers {
  const id = header(headers, REQUEST_ID_HEADER);
  if (id === undefined) return headers;
  const caller = ["namespace", "app-id"].map((what) => header(headers, `dapr-caller-${what}`));
  return [...withoutHeader(headers, REQUEST_ID_HEADER), REQUEST_ID_HEADER, [...caller, id].join("/")];
}

/**
 * The actors block of a sidecar in a service worker: the actors live in the pages of the origin, and the worker, which may
 * be stopped at any moment, resolves who owns one and hands the call on.
 */
export class PageActors implements Actors {
  readonly #sidecar: Sidecar;
  readonly #home: Home;
  readonly #leave: () => Promise<void>;
  /** Undefined where nothing is measured. */
  readonly meter: ActorMeter | undefined;
  #opened: OpenStore | undefined;
  #number = 0;
  /** Of packages, as pages were told. */
  #types = "[]";

  constructor(sidecar: Sidecar, home: Home, leave: () => Promise<void>) {
    this.#sidecar = sidecar;
    this.#home = home;
    this.#leave = leave;
    this.meter = sidecar.meters?.actors(() => addedUp(home.made?.of(sidecar.appId) ?? []));
  }

  get store(): OpenStore | undefined {
    return this.#sidecar.components.actorStateStore;
  }

  /** A page has come that hosts actors; `app` answers also when this runtime has been replaced. */
  admit(connection: PageConnection, port: MessagePort, app: PageApp): void {
    this.#greet(this.#home.make().host(connection, this.#sidecar.appId, port, app));
  }

  /** Tells a page which store and which policies there are. */
  #greet(page: HostingPage): void {
    const { store } = this;
    const { appId, namespace, strict } = this.#sidecar;
    this.#opened ??= store;
    const opened = store && { name: store.name, number: this.#number };
    const resiliencies = this.#sidecar.resiliency.resources.map(withoutTrips);
    const measured = this.meter !== undefined;
    const { instance } = this.#home.make();
    const packages = this.#packages;
    const told = { appId, namespace, strict, instance, packages, measured, resiliencies };
    page.post({ type: "opened", store: opened, ...told });
  }

  get status(): ActorRuntimeStatus {
    const { appId } = this.#sidecar;
    const placement = this.#home.made;
    if (placement === undefined) {
      return {
        runtimeStatus: "RUNNING",
        activeActors: [],
        hostReady: false,
        placement: "",
        table: undefined,
      };
    }
    const active = new Map<string, number>();
    for (const page of placement.of(appId))
      for (const [type, count] of page.active) active.set(type, (active.get(type) ?? 0) + count);
    const { ready } = placement.owners;
    return {
      runtimeStatus: ready ? "RUNNING" : "INITIALIZING",
      activeActors: [...active].map(([type, count]) => ({ type, count })),
      hostReady: active.size > 0 && ready,
      placement: placementWords(ready),
      table: placement.described,
    };
  }

  get #packages(): PackageTypes {
    return [...(this.#sidecar.capabilities?.actorTypes ?? [])];
  }

  /** Pages ask their apps themselves, and report what they host; what packages are they are told. */
  async start(): Promise<void> {
    const types = JSON.stringify(this.#packages);
    if (types === this.#types) return;
    this.#types = types;
    this.#greetAll();
    // A tab that hosts nothing yet has said nothing here.
    const news = new BroadcastChannel(packagesNews(this.#sidecar.appId));
    news.postMessage(undefined);
    news.close();
  }

  async componentsChanged(): Promise<void> {
    const { store } = this;
    if (store?.component === this.#opened?.component) return;
    this.#opened = store;
    this.#number++;
    this.#greetAll();
  }

  policiesChanged(): void {
    this.#greetAll();
  }

  #greetAll(): void {
    for (const page of this.#home.made?.of(this.#sidecar.appId) ?? []) this.#greet(page);
  }

  close(): Promise<void> {
    return this.#leave();
  }

  async handle(operation: ActorOperation, call: Call): Promise<RuntimeResponse> {
    const { sidecar, params } = call;
    const [type = "", id = ""] = params;
    checkNames(operation, params);
    if (operation === "state") return await getActorState(this.#reading(), sidecar.appId, params);
    const missing = this.#hosts(type) ? undefined : notHosted(operation, type, id, call.request.method);
    if (missing !== undefined) return missing;
    let request: Awaited<ReturnType<typeof readWhole>>;
    try {
      request = await readWhole(call.request, sidecar.maxBodySize);
    } catch (error) {
      if (!(error instanceof BodyTooLargeError)) throw error;
      return tooLarge(operation, error);
    }
    if (operation === "transact") return await this.#transact(call, request);
    let attempts = 0;
    const once = (attempt: RuntimeRequest) =>
      this.#forward(operation, params, attempt, call.requestId && `${call.requestId}#${++attempts}`);
    if (operation === "invoke") return await underActorPolicy(sidecar, type, id, request, once);
    try {
      return await once(request);
    } catch (error) {
      return methodFailure(error);
    }
  }

  async receive(operation: ActorOperation, call: Call, version: number): Promise<RuntimeResponse> {
    const [type = "", id = ""] = call.params;
    checkNames(operation, call.params);
    const request = await readWhole(call.request, call.sidecar.maxBodySize);
    const { method, query, body, signal } = request;
    const placement = this.#home.make();
    const { owners } = placement;
    const here = () => {
      const owner = owners.now(type, id);
      return typeof owner === "object" && placement.here(owner) ? owner : undefined;
    };
    let owner = here();
    if (owner === undefined) {
      await owners.reach(version, signal);
      owner = here();
    }
    if (owner === undefined) return moved;
    const path = pathOf(operation, call.params);
    const headers = named(request.headers);
    try {
      return await placement.send(owner, { method, path, query, headers, body, signal }, version);
    } catch (error) {
      // Who asks looks it up anew.
      return error instanceof UnavailableError && !error.sent ? moved : ownerFailure(operation, error);
    }
  }

  #reading() {
    const { store } = this;
    return store && { get: async (key: string) => await store.component.get(key, "strong") };
  }

  /** Whether pages of this app host the type, as far as is known. */
  #hosts(type: string): boolean {
    const { owners } = this.#home.make();
    return (
      !owners.ready || owners.types.get(type)?.some(({ appId }) => appId === this.#sidecar.appId) === true
    );
  }

  /**
   * A write of state belongs to a turn, which runs in the page that it comes from. Another owner may have begun a turn of its
   * own meanwhile: to it the write is nothing.
   */
  async #transact(
    { params }: Call,
    { method, query, headers, body, signal }: RuntimeRequest,
  ): Promise<RuntimeResponse> {
    const clientId = header(headers, PAGE_HEADER);
    const turn = header(headers, TURN_HEADER);
    const pages = this.#home.make().of(this.#sidecar.appId);
    const page = pages.findLast(({ connection }) => connection.clientId === clientId)?.connection;
    const request = {
      method,
      path: pathOf("transact", params),
      query,
      headers: [actorHeader, "0", ...(turn === undefined ? [] : [TURN_HEADER, turn])],
      body,
      signal,
    };
    try {
      return (await page?.invoke(request, true)) ?? apiError("ERR_ACTOR_INSTANCE_MISSING");
    } catch (error) {
      if (error instanceof PageGoneError) return apiError("ERR_ACTOR_INSTANCE_MISSING");
      throw error;
    }
  }

  async #forward(
    operation: ActorOperation,
    params: Call["params"],
    { method, query, headers, body, signal }: RuntimeRequest,
    requestId: string | undefined,
  ): Promise<RuntimeResponse> {
    const { platform, resiliency, appId, namespace } = this.#sidecar;
    const placement = this.#home.make();
    const [type = "", id = ""] = params;
    const path = pathOf(operation, params);
    const named = requestId === undefined ? [] : [REQUEST_ID_HEADER, requestId];
    const request = {
      method,
      path,
      query,
      headers: [...calledBy(headers, { appId, namespace }), ...named],
      body,
      signal,
    };
    const search = { owners: placement.owners, clock: platform.clock, resiliency };
    return await atOwner(search, type, id, signal, (owner, version) =>
      placement.here(owner)
        ? placement.send(owner, request, version)
        : callOwner(this.#sidecar, owner, request, version),
    );
  }
}
