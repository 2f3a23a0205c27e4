import { header } from "../../host/http.ts";
import { type Clock, withTimeout } from "../../host/platform.ts";
import type { Resources } from "../../host/resources/resources.ts";
import {
  DOOR_HEADER,
  type Goodbye,
  type Hello,
  INTERNAL,
  PROTOCOL,
  REQUEST_ID_HEADER,
  type Registration,
  type Rejoin,
  type Update,
  type Welcome,
  type WireRequest,
  type WireResponse,
} from "../messages.ts";
import type { RelayHolder } from "../relay/relay-holder.ts";
import type { AppHost } from "./app-host.ts";
import type { Door } from "./door.ts";
import { callByFetch } from "./fetch-call.ts";
import { Port } from "./port.ts";
import { unavailable, unavailableLater } from "./unavailable.ts";

/** How long a call waits for the worker to come back, where no fetch can wake it. */
const RETURN_MS = 10_000;
/** An update waits for the requests that hold what it replaces, which may take half a minute. */
const UPDATE_MS = 60_000;
/** How long a request is sent anew to a worker that is stopped while it answers. */
const PERSIST_MS = 20_000;

export interface WorkerDoorOptions {
  readonly registration: ServiceWorkerRegistration;
  readonly container: ServiceWorkerContainer;
  readonly settings: Registration;
  readonly clock: Clock;
  /** The browser's own fetch, before the shim. */
  readonly fetch: typeof fetch;
  /** Unique in the world. */
  readonly session: string;
}

/** The worker will not serve this page. */
export class RefusedError extends Error {
  constructor(
    message: string,
    /** The worker's. */
    readonly protocol: number,
  ) {
    super(message);
    this.name = "RefusedError";
  }
}

/** The way to a runtime in the service worker: by port, and through a fetch event wherever the port is silent. */
export class WorkerDoor implements Door {
  readonly kind = "worker";
  readonly #options: WorkerDoorOptions;
  readonly #stop = new AbortController();
  #settings: Registration;
  #app: AppHost | undefined;
  #port: Port | undefined;
  #welcome: Welcome | undefined;
  #connecting: Promise<void> | undefined;
  #refused: RefusedError | undefined;
  #holder: Promise<RelayHolder> | undefined;
  /** The one that the port leads to, and the name of the connection there. */
  #worker: ServiceWorker | undefined;
  #name = "";
  #holding = "";
  #calls = 0;
  #connections = 0;

  constructor(options: WorkerDoorOptions) {
    this.#options = options;
    this.#settings = options.settings;
    const { container } = options;
    const { signal } = this.#stop;
    container.addEventListener("controllerchange", () => this.#controllerChanged(), { signal });
    // Said on leaving, for pages that have no link to break.
    const leave = (event: Event) => (event as PageTransitionEvent).persisted || this.#port?.close();
    addEventListener("pagehide", leave, { signal });
    container.addEventListener("message", ({ data }) => this.#rejoin(data as Partial<Rejoin> | null), {
      signal,
    });
    // Without it messages wait for the page's own `onmessage`.
    container.startMessages();
  }

  get storage(): Welcome["storage"] {
    return this.#welcome?.storage ?? "best-effort";
  }

  get app(): AppHost | undefined {
    return this.#app;
  }

  /** Resolves once the runtime is open. Throws {@link RefusedError}. */
  async open(): Promise<void> {
    await this.#connect();
    if (this.#refused !== undefined) throw this.#refused;
  }

  /** True when this page's fetches reach our worker. */
  get controlled(): boolean {
    const { container, registration } = this.#options;
    const { controller } = container;
    return controller !== null && controller.scriptURL === (registration.active ?? controller).scriptURL;
  }

  call(request: WireRequest, signal: AbortSignal | undefined): Promise<WireResponse> {
    const named = header(request.headers, REQUEST_ID_HEADER) !== undefined;
    const id = `${this.#options.session}/${++this.#calls}`;
    const full = named ? request : { ...request, headers: [...request.headers, REQUEST_ID_HEADER, id] };
    const port = this.#port;
    if (port !== undefined) return port.call(full, signal, () => this.#withoutPort(full, signal));
    return this.#withoutPort(full, signal);
  }

  async serve(app: AppHost | undefined): Promise<void> {
    this.#app = app;
    if (this.#port === undefined) await this.#connect();
    else await this.#port.serve(app, true);
  }

  async update(resources: Resources): Promise<void> {
    const { appId } = this.#settings;
    const outcome = await this.#ask({ daprlet: PROTOCOL, type: "update", appId, resources }, UPDATE_MS);
    if (outcome !== true) throw new Error(`update(): ${outcome}`);
    this.#settings = { ...this.#settings, resources };
  }

  async unregister(): Promise<void> {
    this.#stop.abort();
    await this.#app?.hosting?.stop();
    await this.#ask({ daprlet: PROTOCOL, type: "unregister" }, RETURN_MS);
    this.close();
  }

  #ask(greeting: Goodbye | Update, ms: number): Promise<unknown> {
    const { registration, clock } = this.#options;
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise((resolve) => {
      port1.onmessage = ({ data }) => resolve(data);
    });
    registration.active?.postMessage(greeting, [port2]);
    const late = () =>
      new Error(`${greeting.type}(): the service worker did not answer; reload the page and try again`);
    return withTimeout(clock, ms, answer, late).finally(() => port1.close());
  }

  close(): void {
    this.#stop.abort();
    void this.#holder?.then((holder) => holder.close());
    this.#port?.close();
    this.#port = undefined;
  }

  #controllerChanged(): void {
    const { controller } = this.#options.container;
    if (controller !== this.#worker) this.#port?.lose();
    else if (this.#port !== undefined) void this.#hold(this.#port, this.#name);
  }

  #rejoin(message: Partial<Rejoin> | null): void {
    if (message?.type !== "rejoin" || typeof message.daprlet !== "number") return;
    if (this.#welcome?.incarnation !== message.incarnation && this.#connecting === undefined)
      this.#port?.lose();
  }

  /** One attempt after the other until the worker answers; shared by all who wait for it. */
  #connect(): Promise<void> {
    this.#connecting ??= this.#attempts().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #attempts(): Promise<void> {
    for (let pause = 50; !this.#stop.signal.aborted; pause = Math.min(pause * 2, 2000)) {
      if (await this.#attempt()) return;
      await new Promise<void>((resolve) => void this.#options.clock.after(pause, resolve));
    }
  }

  /** True when the worker answered, be it with a refusal. */
  async #attempt(): Promise<boolean> {
    const { registration, clock, session } = this.#options;
    const worker = registration.active;
    if (worker === null || worker.state === "redundant") return false;
    const name = `${session}/${++this.#connections}`;
    const { port1, port2 } = new MessageChannel();
    const app = this.#app;
    return await new Promise<boolean>((resolve) => {
      const port: Port = new Port(port1, clock, {
        welcome: (welcome) => {
          this.#welcome = welcome;
          this.#port = port;
          this.#worker = worker;
          this.#name = name;
          this.#refused = undefined;
          // Calls of serve() in the meantime have not been part of the hello.
          if (this.#app !== app) void port.serve(this.#app, true);
          void this.#hold(port, name);
          resolve(true);
        },
        refused: (message, protocol) => {
          this.#refused = new RefusedError(message, protocol);
          port.close();
          resolve(true);
        },
        relayWanted: () => void this.#offerRelay(),
        lost: () => {
          if (this.#port === port) {
            this.#port = undefined;
            if (!this.#stop.signal.aborted) void this.#connect();
          }
          resolve(false);
        },
      });
      void port.serve(app, false);
      const hello: Hello = {
        daprlet: PROTOCOL,
        type: "hello",
        registration: this.#settings,
        fresh: this.#welcome === undefined,
        connection: name,
        serving: app !== undefined,
        claim: !this.controlled,
        answered: app?.answered ?? [],
      };
      worker.postMessage(hello, [port2, ...(app?.ports() ?? [])]);
    });
  }

  /** Stands for election to hold the worker's sockets; the code for it comes as a file of its own. */
  async #offerRelay(): Promise<void> {
    const { registration } = this.#options;
    this.#holder ??= import("../client-relay.ts").then(({ relayHolder }) =>
      relayHolder(registration, (port) => this.#port?.relay(port)),
    );
    (await this.#holder).offer();
  }

  /** Keeps one answer of the worker open: it holds the worker in the background, and breaks the moment that it dies. */
  async #hold(port: Port, name: string): Promise<void> {
    if (!this.controlled || this.#holding === name) return;
    this.#holding = name;
    const { registration, fetch } = this.#options;
    try {
      const response = await fetch(`${registration.scope}${INTERNAL}link/${name}`, {
        signal: this.#stop.signal,
      });
      if (response.headers.get(DOOR_HEADER) !== "200" || response.body === null) return;
      const reader = response.body.getReader();
      while (!(await reader.read()).done);
    } catch {
      // The break is the message.
    }
    port.lose();
  }

  /** Through a fetch event, which starts the worker; from a page that has none, by the next port. */
  async #withoutPort(request: WireRequest, signal: AbortSignal | undefined): Promise<WireResponse> {
    const { clock } = this.#options;
    const until = clock.now() + PERSIST_MS;
    for (let pause = 20; clock.now() < until; pause = Math.min(pause * 2, 1000)) {
      signal?.throwIfAborted();
      // Of another version it still answers fetches; a worker that let go of everything would let them out.
      const refused = this.#refused;
      if (refused !== undefined && (refused.protocol === PROTOCOL || !this.controlled)) {
        return await unavailableLater(refused.message, clock);
      }
      if (!this.controlled) return await this.#byNextPort(request, signal);
      try {
        return await callByFetch(request, signal, this.#options);
      } catch (error) {
        if (signal?.aborted === true || request.body instanceof ReadableStream) throw error;
        await new Promise<void>((resolve) => void clock.after(pause, resolve));
      }
    }
    return unavailable("the service worker was stopped again and again while it answered; retry");
  }

  async #byNextPort(request: WireRequest, signal: AbortSignal | undefined): Promise<WireResponse> {
    const { clock } = this.#options;
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(RETURN_MS, resolve);
    });
    await Promise.race([this.#connect(), late]);
    cancel();
    const port = this.#port;
    if (port !== undefined) return await port.call(request, signal, () => this.#withoutPort(request, signal));
    return unavailable(
      this.#refused?.message ?? `no service worker answered within ${RETURN_MS} ms; reload the page`,
    );
  }
}
