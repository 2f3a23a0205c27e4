import { loggedCalls } from "../host/api/logged-calls.ts";
import { apiError } from "../host/errors/api-error.ts";
import { reasonOf } from "../host/errors/reason-of.ts";
import type { RuntimeRequest, RuntimeResponse } from "../host/http.ts";
import { noResources, type Resources } from "../host/resources/resources.ts";
import { Runtime } from "../host/runtime.ts";
import { refuseCleartext } from "../host/security/cleartext.ts";
import { KeptError } from "./kept-error.ts";
import type { Registration } from "./messages.ts";
import { type OriginApps, type OriginMember, OriginTransport } from "./origin-transport.ts";
import { PageChannel } from "./page-channel.ts";
import { PatientRelays } from "./patient-relays.ts";
import type { SidecarsOptions } from "./sidecars-options.ts";

const MAX_BODY_SIZE = 4 << 20;

/** One app of the scope: what it registered, the pages behind it, and its runtime, started when it is first needed. */
export class App {
  readonly channel: PageChannel;
  registration: Registration;
  readonly #options: SidecarsOptions;
  readonly #origin: OriginApps;
  #runtime: Promise<Runtime> | undefined;
  #transport: OriginTransport | undefined;
  #resubscribing: Promise<void> | undefined;
  #changed = false;

  constructor(registration: Registration, options: SidecarsOptions, origin: OriginApps) {
    this.registration = registration;
    this.#options = options;
    this.#origin = origin;
    this.channel = new PageChannel(registration.appId, options.platform.clock);
  }

  /** True from the first call for the runtime until it is closed. */
  get running(): boolean {
    return this.#runtime !== undefined;
  }

  /** The started runtime. A start that failed is tried anew by the next caller. */
  runtime(): Promise<Runtime> {
    this.#runtime ??= this.#start().catch((error: unknown) => {
      this.#runtime = undefined;
      throw error;
    });
    return this.#runtime;
  }

  /** The started runtime as others of this worker reach it. */
  async member(): Promise<OriginMember | undefined> {
    await this.runtime();
    return this.#transport?.self;
  }

  /**
   * Takes other settings. Where only the resources differ, a running runtime takes them while it answers; else it is
   * replaced. Throws why a component could not be opened as it is wanted: those stay as they were.
   */
  async reconfigure(registration: Registration): Promise<void> {
    const { resources, wanted } = registration.resources === undefined ? this.registration : registration;
    await this.#become({ ...registration, resources, wanted });
  }

  /** Goes back to settings that it had. */
  async restore(registration: Registration): Promise<void> {
    await this.#become(registration).catch(() => this.close());
  }

  /** Brings the app to other components; one that cannot be opened stays as it was, and its reason is thrown. */
  async update(resources: Resources): Promise<void> {
    const before = this.registration;
    const earlier = this.#resourcesOf(before).components;
    try {
      await this.#become({ ...before, resources, wanted: undefined });
      await this.runtime();
    } catch (error) {
      // What does not open must not be what a later start of the worker needs.
      const kept = error instanceof KeptError ? error.names : undefined;
      const wanted = resources.components.filter(({ name }) => !kept?.has(name));
      const components = [...wanted, ...earlier.filter(({ name }) => kept?.has(name))];
      this.registration =
        kept === undefined
          ? before
          : { ...before, resources: { ...resources, components }, wanted: resources };
      throw error;
    }
  }

  async #become(next: Registration): Promise<void> {
    const before = this.registration;
    if (same(next, before)) return;
    this.registration = next;
    const running = await this.#runtime?.catch(() => undefined);
    const withoutResources = (registration: Registration) => ({ ...registration, resources: 0, wanted: 0 });
    if (running === undefined || !same(withoutResources(next), withoutResources(before))) return this.close();
    const kept = (await running.update(this.#resourcesOf(next))).filter(({ action }) => action === "kept");
    if (kept.length > 0) throw new KeptError(kept);
  }

  #resourcesOf({ resources, relay }: Registration): Resources {
    // What an older version kept may lack a member.
    return resources === undefined ? this.#options.defaults(relay) : { ...noResources, ...resources };
  }

  /** Reads the app's subscriptions again, after a page that may have others joined. Calls meanwhile count as one. */
  async resubscribe(): Promise<void> {
    this.#changed = true;
    this.#resubscribing ??= (async () => {
      try {
        while (this.#changed) {
          this.#changed = false;
          const runtime = await this.runtime();
          await runtime.appReady;
          await runtime.askApp();
        }
      } finally {
        this.#resubscribing = undefined;
      }
    })();
    await this.#resubscribing;
  }

  async close(): Promise<void> {
    const runtime = this.#runtime;
    this.#runtime = undefined;
    await (await runtime?.catch(() => undefined))?.stop();
  }

  async #start(): Promise<Runtime> {
    const { registry, rules, relays, actors } = this.#options;
    const { appId, namespace, strict, relay, allowCleartext } = this.registration;
    const platform = { ...this.#options.platform, allowCleartext };
    if (relay !== undefined) refuseCleartext("the relay", relay.url, allowCleartext);
    const patient = new PatientRelays(relays, platform);
    const transport = new OriginTransport(this.#origin);
    const way = relay && patient.transport({ ...relay, appId, namespace });
    this.#transport = transport;
    const resources = this.#resourcesOf(this.registration);
    const meters = this.#options.meters?.(appId, namespace, resources.configuration.metrics);
    const packages = await this.#options.capabilities?.(registry, MAX_BODY_SIZE);
    const runtime: Runtime = new Runtime({
      appId,
      namespace,
      host: "a page",
      core: await this.#options.core(),
      platform,
      registry: packages?.registry ?? registry,
      rules,
      resources,
      relays: patient,
      transports: [transport, ...(this.#options.transports?.() ?? []), ...(way === undefined ? [] : [way])],
      app: meters?.app(this.channel) ?? this.channel,
      meters,
      capabilities: packages?.capabilities,
      identity: relay && (await this.#options.identity?.(appId)),
      actors: actors && ((sidecar, instance) => actors(sidecar, instance, way?.placement)),
      apiToken: undefined,
      maxBodySize: MAX_BODY_SIZE,
      strict,
      extended: new Map(),
      subscriptionRecords: this.#options.subscriptionRecords?.(appId),
      // The browser stops a worker; an app can end its own runtime, which the next request starts again.
      shutdown: () => void this.close(),
      allOpen: (resources) => this.#allOpen(resources),
    });
    packages?.capabilities.attach((request) => runtime.handle(request), runtime);
    await runtime.start();
    packages?.capabilities.start();
    const { wanted } = this.registration;
    // What an update could not open is opened when it can be; nobody waits for it.
    if (wanted !== undefined) void runtime.update(wanted).catch(() => undefined);
    return runtime;
  }

  #allOpen(resources: Resources): void {
    const { wanted } = this.registration;
    if (wanted === undefined || !same(resources, { ...noResources, ...wanted })) return;
    this.registration = { ...this.registration, resources: wanted, wanted: undefined };
    this.#options.keep?.(this.registration);
  }
}

/** Structural equality of plain data and Maps. */
function same(a: unknown, b: unknown): boolean {
  const plain = (_: string, value: unknown) => (value instanceof Map ? [...value] : value);
  return JSON.stringify(a, plain) === JSON.stringify(b, plain);
}

/** All apps of one scope, in a service worker or in a page. */
export class Sidecars implements OriginApps {
  readonly #options: SidecarsOptions;
  readonly #apps = new Map<string, App>();
  #latest: App | undefined;

  constructor(options: SidecarsOptions) {
    this.#options = options;
  }

  app(appId: string): App | undefined {
    return this.#apps.get(appId);
  }

  /** The app that was registered last: it answers callers that registered none. */
  get latest(): App | undefined {
    return this.#latest;
  }

  get apps(): IterableIterator<App> {
    return this.#apps.values();
  }

  /**
   * Adds the app. A `fresh` registration gives one that is known its new settings and makes it the latest. The runtime
   * is not started by it.
   */
  async register(registration: Registration, fresh: boolean): Promise<App> {
    let app = this.#apps.get(registration.appId);
    if (app === undefined) {
      app = new App(registration, this.#options, this);
      this.#apps.set(registration.appId, app);
    } else if (fresh) await app.reconfigure(registration);
    if (fresh || this.#latest === undefined) this.#latest = app;
    return app;
  }

  async remove(appId: string): Promise<void> {
    const app = this.#apps.get(appId);
    if (app === undefined) return;
    this.#apps.delete(appId);
    if (this.#latest === app) this.#latest = [...this.#apps.values()].at(-1);
    await app.channel.close();
    await app.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#apps.keys()].map((appId) => this.remove(appId)));
  }

  /** Answers a request of an app of this scope. Never throws: what fails is an answer in Dapr's shape. */
  async handle(app: App | undefined, request: RuntimeRequest): Promise<RuntimeResponse> {
    if (app === undefined) {
      return unavailable("no app is registered in this scope; call register({ appId }) in a page first");
    }
    let runtime: Runtime;
    try {
      runtime = await app.runtime();
    } catch (error) {
      return unavailable(reasonOf(error));
    }
    const { apiLogging } = runtime.sidecar.resources.configuration;
    if (!apiLogging?.enabled) return await runtime.handle(request);
    return await loggedCalls(runtime.sidecar, apiLogging, (logged) => runtime.handle(logged))(request);
  }

  async member(appId: string, namespace: string): Promise<OriginMember | undefined> {
    const app = this.#apps.get(appId);
    if (app === undefined || app.registration.namespace !== namespace || !app.channel.served)
      return undefined;
    return await app.member();
  }
}

/** Dapr-shaped 503: the sidecar is here, and says why it cannot answer. */
export function unavailable(cause: string): RuntimeResponse {
  return apiError("ERR_RUNTIME_UNAVAILABLE", { cause });
}
