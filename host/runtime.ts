import type { Actors } from "./actors/actors.ts";
import { isActorCall, receiveActorCall } from "./api/actors/receive.ts";
import { dispatchedPath } from "./api/dispatched-path.ts";
import { endpoints } from "./api/endpoints.ts";
import { receiveInvocation } from "./api/invoke.ts";
import { observed } from "./api/observed.ts";
import { AppAsking } from "./app-asking.ts";
import { pipedChannel } from "./channel/piped-channel.ts";
import { type ComponentChange, Components, touched } from "./components/components.ts";
import { ConfigurationSubscriptions } from "./configuration-subscriptions.ts";
import { Dispatch } from "./dispatch.ts";
import { answerToError } from "./errors/answer-to-error.ts";
import { ApiError } from "./errors/api-error.ts";
import { reasonOf } from "./errors/reason-of.ts";
import { EventStreams } from "./event-streams.ts";
import type { RuntimeRequest, RuntimeResponse } from "./http.ts";
import { HttpEndpoints } from "./http-endpoints.ts";
import { InputBindings } from "./input-bindings.ts";
import { Mesh } from "./mesh/mesh.ts";
import { partitions } from "./mesh/partitions.ts";
import type { Member, Peer } from "./mesh/transport.ts";
import { Outboxes } from "./outbox/outboxes.ts";
import { checkPipelines, Pipelines } from "./pipelines.ts";
import { type Log, onceEach, withTimeout } from "./platform.ts";
import { CurrentResiliency, sameEvents } from "./resiliency/current-resiliency.ts";
import type { Resources } from "./resources/resources.ts";
import type { RuntimeOptions } from "./runtime-options.ts";
import { Guards } from "./security/guards.ts";
import { usableResources } from "./security/usable-resources.ts";
import type { Readiness, Sidecar } from "./sidecar.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Tracer } from "./telemetry/tracer.ts";
import { Turnover } from "./turnover.ts";
import { UpdateRetry } from "./update-retry.ts";
import { wantedComponents } from "./wanted-components.ts";

export type { RuntimeOptions };

/** How long an update, or the events that wait in an outbox at a start, may wait for the app. */
const PATIENCE_MS = 10_000;

/** One app's sidecar. Hosts construct it, start it, hand it requests, and stop it. */
export class Runtime {
  readonly sidecar: Sidecar;
  readonly #options: RuntimeOptions;
  readonly #stopping = new AbortController();
  readonly #ending = new AbortController();
  readonly #underWay: Turnover;
  readonly #dispatch: Dispatch;
  readonly pipelines: Pipelines;
  #components: Components | undefined;
  #resources: Resources;
  readonly #resiliency: CurrentResiliency;
  readonly #inputBindings = new InputBindings(() => this.sidecar);
  #wanted: Resources;
  readonly #again: UpdateRetry;
  readonly #app: AppAsking;
  readonly #identity: Pick<Member, "instance" | "secret">;
  readonly #actors: Actors | undefined;

  constructor(given: RuntimeOptions) {
    const options = { ...given, resources: usableResources(given.resources, given.platform) };
    this.#options = options;
    this.#resources = options.resources;
    this.#wanted = options.resources;
    this.#underWay = new Turnover(options.platform.clock);
    this.#resiliency = new CurrentResiliency(options);
    this.#again = new UpdateRetry(options.platform, () => this.#update(this.#wanted, false));
    const runtime = this;
    this.sidecar = {
      appId: options.appId,
      namespace: options.namespace || "default",
      platform: options.platform,
      log: options.platform.log,
      core: options.core,
      app: options.app && pipedChannel(options.app, () => this.pipelines.app),
      guards: new Guards(options.core, endpoints, options.resources.configuration),
      mesh: new Mesh(options.transports, options.platform, partitions(options.core)),
      httpEndpoints: new HttpEndpoints(options),
      subscriptions: new Subscriptions(() => this.sidecar, options.namespace, options.rules),
      streams: new EventStreams(() => this.sidecar),
      configurations: new ConfigurationSubscriptions(() => this.sidecar, options.subscriptionRecords),
      outboxes: new Outboxes(() => this.sidecar),
      tracer: new Tracer(options, () => this.#components?.exporters),
      meters: options.meters,
      capabilities: options.capabilities,
      get actors() {
        return runtime.#actors;
      },
      get resources() {
        return runtime.#resources;
      },
      get resiliency() {
        return runtime.#resiliency.now;
      },
      extended: new Map(options.extended),
      asking: options.asking ?? {},
      maxBodySize: options.maxBodySize,
      strict: options.strict,
      get components() {
        if (runtime.#components !== undefined) return runtime.#components;
        const cause = runtime.#stopped === undefined ? "components are not open yet" : "it is stopping";
        throw new ApiError("ERR_RUNTIME_UNAVAILABLE", { cause });
      },
      get readiness() {
        return runtime.readiness;
      },
      ending: this.#ending.signal,
      once: onceEach(options.platform.log),
      shutdown: (force) => options.shutdown(force),
    };
    this.#dispatch = new Dispatch(this.sidecar, options.apiToken, () => this.pipelines.http);
    this.pipelines = new Pipelines(this.sidecar, options.resources);
    this.#app = new AppAsking(this.sidecar, this.#inputBindings, this.#stopping.signal);
    this.#identity = options.identity ?? { instance: options.platform.uuid() };
    this.#actors = options.actors?.(this.sidecar, this.#identity.instance);
  }

  get readiness(): Readiness {
    return { core: true, components: this.#components !== undefined, app: this.#app.answered };
  }

  get log(): Log {
    return this.sidecar.log;
  }

  /**
   * Opens the components and joins the transports: after it, the API answers. The app is waited for in the
   * background ({@link appReady}). Throws, with nothing left open, when a component fails or `stop` comes first; a
   * transport that cannot be joined is logged and left out.
   */
  async start(): Promise<void> {
    const { registry, resources, host, relays } = this.#options;
    const { appId, core, platform, mesh, namespace, guards, log } = this.sidecar;
    const destination = (request: RuntimeRequest) => dispatchedPath(this.sidecar, request);
    await this.#resiliency.become(resources.resiliencies);
    checkPipelines(resources, this.#options);
    const opened = await Components.open(wantedComponents(resources), {
      registry,
      host,
      context: { appId, namespace, platform, log, core, relays: mesh.relays(relays), destination },
      namespace: this.#options.namespace,
      meters: this.#options.meters,
      outbound: (component, of) => this.#resiliency.now.outbound(component, of),
    });
    if (this.#stopping.signal.aborted) {
      await opened.close();
      throw new Error("the sidecar was stopped while it started");
    }
    this.#components = opened;
    this.pipelines.update(resources, opened.middleware);
    this.sidecar.tracer.update(resources);
    if (opened.leftOut) this.#again.later();
    await this.sidecar.httpEndpoints.update(resources.httpEndpoints, opened.secretstores);
    await this.sidecar.configurations.load();
    const member = { appId, namespace, ...this.#identity, trustDomain: guards.trustDomain };
    await mesh.join(member, (request, caller) => this.receive(request, caller));
    this.appReady.catch((error: unknown) => {
      if (this.#stopping.signal.aborted) return;
      log.error("the app is never ready: waiting for it failed", { cause: reasonOf(error) });
    });
    if (![...opened.state.values()].some(({ outbox }) => outbox !== undefined)) return;
    // What an earlier life did not publish may be for the app itself, on a broker that keeps nothing for it.
    void withTimeout(platform.clock, PATIENCE_MS, this.appReady, () => new Error("late"))
      .catch(() => undefined)
      .then(() => this.#components && this.sidecar.outboxes.refresh());
  }

  /** Resolves once the app answered and its subscriptions are in place; at once where there is no app. */
  get appReady(): Promise<void> {
    return this.#app.ready;
  }

  /** Asks the app anew what it wants: its subscriptions, the events of bindings, its types of actors. */
  askApp(): Promise<void> {
    return this.#app.ask();
  }

  /**
   * Brings a started runtime to other resources while it answers: each component that changed by itself, the old one
   * closed once the requests that may hold it have ended. What cannot be opened leaves what was there in place, is
   * logged, told in the answer, and tried again until it opens or other resources come. Throws, with nothing changed,
   * when the resources contradict each other. Left out they are those that were wanted last: the registry has others by now.
   */
  async update(resources: Resources = this.#wanted): Promise<readonly ComponentChange[]> {
    return this.#update(usableResources(resources, this.#options.platform), true);
  }

  async #update(resources: Resources, fresh: boolean): Promise<readonly ComponentChange[]> {
    const components = this.#components;
    if (components === undefined) throw new Error("the sidecar has not started, or is stopping");
    checkPipelines(resources, this.#options);
    await this.#resiliency.become(resources.resiliencies);
    const resubscribe = [this.#wanted, this.#resources].some((one) => !sameEvents(one, resources));
    components.govern();
    this.#actors?.policiesChanged?.();
    this.#wanted = resources; // what the next one comes after, also where this one still waits its turn
    const say = (sentence: string) => this.log[fresh ? "error" : "debug"](sentence);
    const origin = (name: string) => resources.components.find((resource) => resource.name === name)?.origin;
    const changes = await components.update(wantedComponents(resources), async (changed) => {
      for (const { name, action, cause } of changed) {
        if (action !== "kept") this.log.info(`component ${name} was ${action}`);
        else say(`component ${name} (${origin(name)}) stays as it was: ${cause}`);
      }
      this.#adopt(resources, components);
      if (changed.some(({ action }) => action !== "kept")) await this.#settle(changed);
    });
    this.#adopt(resources, components);
    if (this.#wanted === resources) this.#again.after(changes, fresh);
    if (changes.every(({ action }) => action !== "kept")) this.#options.allOpen?.(resources);
    await this.#updateEndpoints(resources, components, say);
    await this.#patiently(this.sidecar.streams.governed());
    if (resubscribe && !touched(changes, "pubsub") && this.#app.asked)
      await this.#patiently(this.sidecar.subscriptions.start());
    return changes;
  }

  #adopt(resources: Resources, { middleware }: Components): void {
    this.#resources = resources;
    this.sidecar.tracer.update(resources);
    this.pipelines.update(resources, middleware);
    this.sidecar.guards.update(resources.configuration);
  }

  async #updateEndpoints(
    { httpEndpoints }: Resources,
    { secretstores }: Components,
    say: (sentence: string) => void,
  ): Promise<void> {
    const failed = ({ message }: Error) => say(`${message}; it stays as it was`);
    await this.sidecar.httpEndpoints.update(httpEndpoints, secretstores, failed, () => this.#underWay.pass());
  }

  /** An app that is away or hangs must not hold up the next update: what waits for it goes on by itself. */
  async #patiently(asking: Promise<unknown>): Promise<void> {
    const late = () => new Error(`it did not answer within ${PATIENCE_MS / 1000} s`);
    await withTimeout(this.sidecar.platform.clock, PATIENCE_MS, asking, late).catch((error: unknown) => {
      this.log.warn(`the resources are in use before the app was asked anew: ${reasonOf(error)}`);
    });
  }

  /** What holds components by their names finds the new ones; resolves once nothing is under way with the old ones. */
  async #settle(changes: readonly ComponentChange[]): Promise<void> {
    const { subscriptions, streams, configurations, outboxes } = this.sidecar;
    const asking: Promise<void>[] = [streams.moved(changes)];
    if (touched(changes, "pubsub") && this.#app.asked) asking.push(subscriptions.start());
    if (touched(changes, "bindings")) asking.push(this.#inputBindings.start());
    if (touched(changes, "state")) await this.#actors?.componentsChanged();
    if (touched(changes, "configuration")) asking.push(configurations.moved(changes.map(({ name }) => name)));
    await this.#patiently(Promise.all(asking));
    await this.#underWay.pass();
    await Promise.all([outboxes.refresh(), this.#options.capabilities?.componentsChanged()]);
  }

  /** Answers one request of the API. Never throws: what fails is an answer in Dapr's shape. */
  handle(request: RuntimeRequest): Promise<RuntimeResponse> {
    return observed(this.sidecar, request, this.#answer);
  }

  readonly #answer = async (request: RuntimeRequest): Promise<RuntimeResponse> => {
    const epoch = this.#underWay.enter();
    try {
      return await this.#dispatch.handle(request);
    } catch (error) {
      return answerToError(error, request, this.log);
    } finally {
      this.#underWay.leave(epoch);
    }
  };

  /** A request of another instance for this app. */
  receive(request: RuntimeRequest, caller: Peer): Promise<RuntimeResponse> {
    return (isActorCall(request) ? receiveActorCall : receiveInvocation)(this.sidecar, request, caller);
  }

  /** Graceful: no new deliveries, those under way are given `drainMs`, components close. Further calls await the first. */
  stop(drainMs = 5_000): Promise<void> {
    this.#stopped ??= this.#stop(drainMs);
    return this.#stopped;
  }
  #stopped: Promise<void> | undefined;

  async #stop(drainMs: number): Promise<void> {
    this.#stopping.abort();
    this.#again.end();
    try {
      const { subscriptions, streams, configurations, outboxes, mesh, httpEndpoints } = this.sidecar;
      const { app, capabilities } = this.#options;
      const delivering = [streams, subscriptions, this.#inputBindings, configurations];
      await Promise.all(delivering.map((each) => each.close(drainMs)));
      for (const one of [this.#actors, outboxes, mesh, httpEndpoints, capabilities, app]) await one?.close();
    } finally {
      const components = this.#components;
      this.#components = undefined;
      this.#ending.abort(new Error("the sidecar is stopping"));
      await components?.close();
    }
  }
}
