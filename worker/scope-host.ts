import { reasonOf } from "../host/errors/reason-of.ts";
import { fromPage } from "./actors/from-page.ts";
import { type Addresses, DEFAULT_PORTS, internalPath, isLoopback, locate } from "./addresses.ts";
import { formerPages } from "./former-pages.ts";
import { Links } from "./links.ts";
import { type Goodbye, type Greeting, type Hello, PROTOCOL, type Rejoin, type Update } from "./messages.ts";
import { PageConnection } from "./page-connection.ts";
import { resubscribe } from "./resubscribe.ts";
import { ScopeDoors } from "./scope-doors.ts";
import type { ScopeHostOptions } from "./scope-host-options.ts";
import type { App } from "./sidecars.ts";
import { updateApp } from "./update-app.ts";
import { withRemedy } from "./with-remedy.ts";

/** The service worker of one scope: which pages there are, which app each is, and the two doors to their runtimes. */
export class ScopeHost {
  readonly incarnation: string;
  readonly #options: ScopeHostOptions;
  readonly #connections = new Map<string, PageConnection>();
  readonly #links = new Links();
  readonly #apps = new Map<string, string>();
  readonly #doors: ScopeDoors;
  readonly #origin: string;
  readonly #scopePath: string;
  readonly #lives = async (clientId: string) =>
    (await this.#options.worker.clients.get(clientId)) !== undefined;
  #addresses: Addresses;
  #booting: Promise<void> | undefined;
  #booted = false;
  #detached = false;
  #relayWanted = false;

  constructor(options: ScopeHostOptions) {
    this.#options = options;
    this.incarnation = options.incarnation;
    const { origin, pathname } = new URL(options.worker.registration.scope);
    this.#origin = origin;
    this.#scopePath = pathname;
    this.#addresses = this.#addressesWith([]);
    const { sidecars, platform } = options;
    this.#doors = new ScopeDoors({
      sidecars,
      platform,
      origin,
      boot: () => this.boot(),
      appOf: (clientId) => this.#apps.get(clientId),
      addresses: () => this.#addresses,
      link: (name) => this.#link(name),
    });
  }

  /** Decides at once, as a fetch event demands. Undefined: not ours, the browser goes on by itself. */
  fetch(event: FetchEvent): Promise<Response> | undefined {
    if (this.#detached) return undefined;
    const { request } = event;
    const { scrape, packages } = this.#options;
    const own = scrape?.(request) ?? packages?.(request);
    if (own !== undefined) return own;
    const url = new URL(request.url);
    const internal = internalPath(url, this.#addresses);
    if (internal !== undefined) return this.#doors.internal(event, internal, url.search.slice(1));
    const located = locate(url, this.#addresses, request.headers.has("dapr-app-id"));
    if (located !== undefined) return this.#doors.answer(event, located);
    // Which other ports are ours stands in IndexedDB, and that is not read yet.
    if (!this.#booted && url.origin !== this.#origin && isLoopback(url))
      return this.#doors.perhaps(event, url);
    return undefined;
  }

  async message({ data, source, ports }: ExtendableMessageEvent): Promise<void> {
    const greeting = data as Partial<Greeting> | null;
    const [port, actors] = ports;
    if (typeof greeting?.daprlet !== "number" || port === undefined) return;
    if (greeting.type === "unregister") return await this.#goodbye(greeting as Goodbye, port);
    if (greeting.type === "update") {
      await this.boot();
      return await updateApp(greeting as Update, port, this.#options);
    }
    if (greeting.type !== "hello" || !(source instanceof Client)) return;
    await this.#hello(greeting as Hello, source.id, port, actors);
  }

  /** Lets go of the pages, so that a new version of the worker need not wait for their links to end. */
  yield(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  /** A socket is wanted, which only a page can hold. Those still to come stand for election too, for when it closes. */
  wantRelay(): void {
    this.#relayWanted = true;
    for (const connection of this.#connections.values()) connection.post({ type: "relay-wanted" });
  }

  boot(): Promise<void> {
    this.#booting ??= this.#boot();
    return this.#booting;
  }

  #addressesWith(ports: readonly number[]): Addresses {
    return {
      origin: this.#origin,
      scopePath: this.#scopePath,
      ports: [...new Set([...DEFAULT_PORTS, ...this.#options.ports, ...ports])],
    };
  }

  /** Reads who was here before this worker was stopped, and asks those who still are to say hello again. */
  async #boot(): Promise<void> {
    const { registrations, sidecars, worker, platform } = this.#options;
    try {
      const [kept, present] = await Promise.all([
        registrations.load(),
        worker.clients.matchAll({ includeUncontrolled: true }),
      ]);
      const former = formerPages(kept, new Set(present.map(({ id }) => id)));
      for (const registration of former.registrations) await sidecars.register(registration, true);
      for (const [clientId, appId] of former.apps) this.#apps.set(clientId, appId);
      for (const [appId, pages] of former.serving) {
        sidecars.app(appId)?.channel.expect(pages, this.#lives);
        this.#options.actors.former.expect(pages);
      }
      const rejoin: Rejoin = { daprlet: PROTOCOL, type: "rejoin", incarnation: this.incarnation };
      for (const client of present) if (former.apps.has(client.id)) client.postMessage(rejoin);
      void registrations.forgetClients(former.gone).catch(() => undefined);
    } catch (error) {
      platform.log.error("what was registered before cannot be read; pages have to register again", {
        cause: reasonOf(error),
      });
    }
    this.#knowPorts();
    this.#booted = true;
  }

  #knowPorts(): void {
    const ports = [...this.#options.sidecars.apps].flatMap(({ registration }) => registration.ports);
    this.#addresses = this.#addressesWith(ports);
  }

  async #hello(
    hello: Hello,
    clientId: string,
    port: MessagePort,
    given: MessagePort | undefined,
  ): Promise<void> {
    const { platform, sidecars, registrations, worker, actors } = this.#options;
    const refuse = (message: string) => port.postMessage({ type: "refused", message, protocol: PROTOCOL });
    if (hello.daprlet !== PROTOCOL) {
      return refuse(
        `the page speaks protocol ${hello.daprlet} and the worker ${PROTOCOL}: reload the page to bring both to one version`,
      );
    }
    if (this.#detached) return refuse("the runtime of this scope was unregistered; reload the page");
    const { registration } = hello;
    const { appId } = registration;
    let app: App | undefined;
    const serving = async (serves: boolean, port: MessagePort | undefined): Promise<void> => {
      if (app !== undefined) void actors.admit(app, connection, port);
      await registrations.keep(undefined, { clientId, appId, serving: serves }).catch(() => undefined);
      app?.channel[serves ? "add" : "remove"](connection, []);
      if (serves && app !== undefined) await resubscribe(app, platform);
    };
    const connection: PageConnection = new PageConnection(hello.connection, clientId, port, platform.clock, {
      handle: (request) => sidecars.handle(app ?? sidecars.app(appId), fromPage(request, clientId)),
      serving,
      relay: (given) => this.#options.adoptRelay(given),
      closed: (returning) => {
        if (this.#connections.get(hello.connection) === connection)
          this.#connections.delete(hello.connection);
        if (app?.channel.remove(connection) === true && returning)
          app.channel.expect([clientId], this.#lives);
        actors.left(connection);
        this.#options.devices.remove(connection);
        this.#links.close(hello.connection);
      },
    });
    // At once, so that the page's pings are answered while the runtime starts.
    this.#connections.get(hello.connection)?.close();
    this.#connections.set(hello.connection, connection);
    await this.boot();
    const before = sidecars.app(appId)?.registration;
    let running = false;
    try {
      app = await sidecars.register(registration, hello.fresh);
      // A runtime that starts now reads its subscriptions by itself.
      running = app.running;
      if (hello.serving && connection.open) app.channel.add(connection, hello.answered);
      await app.runtime();
      void actors.admit(app, connection, given);
    } catch (error) {
      // What cannot be opened is not kept, and does not take the place of what worked before.
      if (before === undefined) await sidecars.remove(appId);
      else await sidecars.app(appId)?.restore(before);
      refuse(withRemedy(error));
      return connection.close();
    }
    if (connection.open) this.#options.devices.add(connection, appId);
    await this.#keep(app, hello, clientId);
    this.#apps.set(clientId, appId);
    this.#knowPorts();
    if (hello.claim) await worker.clients.claim().catch(() => undefined);
    if (hello.serving && running) await resubscribe(app, platform);
    if (!connection.open) return;
    connection.post({
      type: "welcome",
      scope: worker.registration.scope,
      storage: await this.#options.storage(),
      incarnation: this.incarnation,
    });
    if (this.#relayWanted) connection.post({ type: "relay-wanted" });
  }

  async #keep({ registration }: App, { fresh, serving }: Hello, clientId: string): Promise<void> {
    const { registrations, platform } = this.#options;
    const { appId } = registration;
    const kept = fresh ? { registration, registeredAt: platform.clock.now() } : undefined;
    try {
      await registrations.keep(kept, { clientId, appId, serving });
    } catch (error) {
      // The pages that are open register again by themselves; only who calls before them is not known.
      platform.log.warn(`the registration of ${appId} is not kept`, {
        cause: reasonOf(error),
      });
    }
  }

  async #goodbye(goodbye: Goodbye, port: MessagePort): Promise<void> {
    if (goodbye.daprlet !== PROTOCOL) return port.postMessage(false);
    const { sidecars, registrations, erase, own, worker } = this.#options;
    this.#detached = true;
    await sidecars.close();
    this.yield();
    registrations.close();
    await erase();
    if (own) await worker.registration.unregister();
    port.postMessage(true);
  }

  #link(name: string): Response {
    const connection = this.#connections.get(name);
    return connection === undefined ? this.#links.refuse() : this.#links.open(name, () => connection.close());
  }
}
