/** Browsers and Node instances on one relay, in this process: sockets in memory, and a clock that is told to move. */
import { PlacementClient } from "../../host/actors/placement/placement-client.ts";
import { hostedActors } from "../../host/api/actors/hosted-actors.ts";
import { functionChannel } from "../../host/channel/function-channel.ts";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import { defineStore, type ListingStore } from "../../host/components/state/store.ts";
import type { FakeClock } from "../../host/fake-clock.ts";
import { json, type RuntimeRequest, type RuntimeResponse, text } from "../../host/http.ts";
import { BackgroundRelay } from "../../host/mesh/background-relay.ts";
import { Relay } from "../../host/mesh/relay.ts";
import { RelayClient } from "../../host/mesh/relay-client.ts";
import { nodeCore } from "../../host/node/core-module.ts";
import { givenResources } from "../../host/node/given-components.ts";
import type { Clock, Platform } from "../../host/platform.ts";
import { Runtime } from "../../host/runtime.ts";
import { OriginActors } from "../../worker/actors/origin-actors.ts";
import { PageHost } from "../../worker/actors/page-host.ts";
import { AppHost } from "../../worker/client/app-host.ts";
import type { WireRequest } from "../../worker/messages.ts";
import type { ServingPage } from "../../worker/page-channel.ts";
import type { PageConnection } from "../../worker/page-connection.ts";
import { type App, Sidecars } from "../../worker/sidecars.ts";
import { openWith, testContext } from "../conformance/test-context.ts";
import { MemorySockets } from "../mesh/memory-sockets.ts";

const url = "wss://relay.example";
const decoder = new TextDecoder();
const components = `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: statestore }
spec: { type: state.in-memory, version: v1, metadata: [{ name: actorStateStore, value: "true" }] }
`;

/** A store that outlives who has it open. */
export async function keptStore(clock: Clock) {
  const store = (await openWith(inMemoryStore, testContext("store", clock), {})) as ListingStore;
  return defineStore({
    ...{ type: "state.in-memory", version: "v1", summary: "Is there before and after.", metadata: {} },
    features: ["ETAG", "TRANSACTIONAL", "TTL", "ACTOR"],
    open: async () => ({
      get: store.get.bind(store),
      bulkGet: store.bulkGet.bind(store),
      write: store.write.bind(store),
      list: store.list.bind(store),
      close: async () => undefined,
    }),
  });
}
type KeptStore = Awaited<ReturnType<typeof keptStore>>;

/** Lets ports, which no fake clock drives, hand over what waits; a quarter of a second at a time. */
export async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 250) {
    // A message takes a turn for each port that it passes, and an answer as many.
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 1));
    await clock.advance(250);
  }
}

/** What calls actors. */
export interface Caller {
  handle(request: RuntimeRequest): Promise<RuntimeResponse>;
}

/** What one of them answers, with its status where that is no success. */
export async function ask(
  caller: Caller,
  id: string,
  method = "where",
  headers: readonly string[] = [],
): Promise<string> {
  const path = `/v1.0/actors/Cell/${id}/method/${method}`;
  const answer = await caller.handle({ method: "POST", path, query: "", headers, body: undefined });
  const said = decoder.decode(answer.body as Uint8Array);
  return answer.status === 200 ? said : `${answer.status} ${said}`;
}

/** An app whose actors say where they live. */
class Cells {
  readonly deactivated: string[] = [];
  readonly calls: string[] = [];
  /** What a turn of that actor waits for before it is over, with what it answers. */
  held: ((id: string, signal: AbortSignal | undefined) => Promise<string>) | undefined;

  constructor(readonly tag: string) {}

  async answer(method: string, path: string, signal: AbortSignal | undefined): Promise<RuntimeResponse> {
    if (path === "/dapr/config") return json({ entities: ["Cell"], drainOngoingCallTimeout: "1s" });
    const [, , , id = "", , name] = path.split("/");
    if (method === "DELETE") this.deactivated.push(id);
    if (method !== "PUT") return text("");
    this.calls.push(id);
    return text(name === "hold" && this.held !== undefined ? await this.held(id, signal) : this.tag);
  }
}

export class Town {
  relay: Relay;
  readonly #platform: Platform;
  readonly #sockets: MemorySockets[] = [];

  constructor(readonly clock: FakeClock) {
    this.#platform = new MemorySockets(clock).platform();
    this.relay = new Relay({ platform: this.#platform, grants: [] });
  }

  /** Sockets of one process; they go on to whatever relay there is. */
  sockets(): MemorySockets {
    const sockets = new MemorySockets(this.clock);
    sockets.relay = this.relay;
    this.#sockets.push(sockets);
    return sockets;
  }

  /** The relay ends. */
  stopRelay(): void {
    for (const sockets of this.#sockets) {
      sockets.relay = undefined;
      sockets.cut();
    }
  }

  startRelay(): void {
    this.relay = new Relay({ platform: this.#platform, grants: [] });
    for (const sockets of this.#sockets) sockets.relay = this.relay;
  }

  async browser(name: string, store: KeptStore): Promise<Browser> {
    const browser = new Browser(this, name, store);
    await browser.startWorker();
    return browser;
  }

  async node(appId: string, store: KeptStore): Promise<NodeInstance> {
    const node = await NodeInstance.start(this, appId, store);
    return node;
  }
}

export class NodeInstance implements Caller {
  static async start(town: Town, appId: string, store: KeptStore): Promise<NodeInstance> {
    const sockets = town.sockets();
    const platform = sockets.platform();
    const relays = new RelayClient(platform);
    const options = { url, room: "default", token: undefined, appId, namespace: "default" };
    const relay = new BackgroundRelay(options, relays, platform);
    const cells = new Cells(appId);
    const runtime = new Runtime({
      ...{ appId, namespace: "default", host: "Node", core: await nodeCore(), platform },
      ...{ registry: { state: [store] }, rules: undefined, relays, transports: [relay] },
      resources: await givenResources(components, "the test"),
      app: functionChannel(({ method, path, signal }) => cells.answer(method, path, signal)),
      actors: hostedActors(() => new PlacementClient(relay.placement, platform)),
      ...{ apiToken: undefined, maxBodySize: 4 << 20, strict: false, extended: new Map() },
      shutdown: () => undefined,
    });
    await runtime.start();
    return new NodeInstance(runtime, cells, sockets);
  }

  private constructor(
    readonly runtime: Runtime,
    readonly cells: Cells,
    readonly sockets: MemorySockets,
  ) {}

  handle(request: RuntimeRequest): Promise<RuntimeResponse> {
    return this.runtime.handle(request);
  }

  stop(): Promise<void> {
    return this.runtime.stop();
  }
}

/** One profile of a browser: a worker, which may be stopped, and the pages behind it. */
export class Browser implements Caller {
  readonly pages: BrowserPage[] = [];
  /** What is kept of the app, as IndexedDB would. */
  identity: { instance: string; secret: string } | undefined;
  relay: boolean = true;
  #worker: Worker | undefined;

  constructor(
    readonly town: Town,
    readonly name: string,
    readonly store: KeptStore,
  ) {
    this.identity = { instance: `instance-of-${name}`, secret: `secret of ${name}` };
  }

  get worker(): Worker {
    if (this.#worker === undefined) throw new Error("there is no worker");
    return this.#worker;
  }

  /** As the browser does: after a while, or because somebody asks. */
  async startWorker(): Promise<void> {
    this.#worker = await Worker.start(this);
    for (const page of this.pages) await page.connect();
  }

  /** The worker ends at once, and says nothing. */
  stopWorker(): void {
    this.worker.kill();
  }

  /** Another page of the app registers it, with or without the relay. */
  async register(relay: boolean): Promise<void> {
    this.relay = relay;
    await this.worker.register();
  }

  async open(tag: string): Promise<BrowserPage> {
    const page = new BrowserPage(this, tag, await nodeCore());
    this.pages.push(page);
    await page.connect();
    void page.host.start();
    return page;
  }

  /** All of it is gone at once, as when the machine is. */
  kill(): void {
    this.stopWorker();
    for (const page of this.pages) page.kill();
  }

  handle(request: RuntimeRequest): Promise<RuntimeResponse> {
    return this.worker.sidecars.handle(this.worker.app, request);
  }
}

class Worker {
  static async start(browser: Browser): Promise<Worker> {
    const { pages, town } = browser;
    const sockets = town.sockets();
    const life = { over: false };
    const clock: Clock = {
      now: () => town.clock.now(),
      after: (ms, task) => town.clock.after(ms, () => life.over || task()),
    };
    const platform = { ...sockets.platform(), clock };
    const there = async (id: string) => pages.some(({ tag, alive }) => alive && tag === id);
    const origin = new OriginActors(clock.now(), there);
    origin.former.expect(pages.filter(({ alive }) => alive).map(({ tag }) => tag));
    const sidecars = new Sidecars({
      ...{ platform, core: nodeCore, registry: { state: [browser.store] }, rules: undefined },
      relays: new RelayClient(platform),
      actors: origin.of,
      identity: async () => browser.identity,
      defaults: () => {
        throw new Error("all name their components");
      },
    });
    const worker = new Worker(browser, sockets, life, origin, sidecars);
    await worker.register();
    return worker;
  }

  app: App | undefined;

  private constructor(
    readonly browser: Browser,
    readonly sockets: MemorySockets,
    readonly life: { over: boolean },
    readonly origin: OriginActors,
    readonly sidecars: Sidecars,
  ) {}

  async register(): Promise<void> {
    const resources = await givenResources(components, "the test");
    const relay = this.browser.relay ? { url, room: "default", token: undefined } : undefined;
    const registration = { appId: "town", namespace: "default", resources, ports: [], strict: false, relay };
    this.app = await this.sidecars.register(registration, true);
    await this.app.runtime();
  }

  kill(): void {
    this.life.over = true;
    this.sockets.relay = undefined;
    this.sockets.cut();
  }
}

export class BrowserPage {
  readonly cells: Cells;
  readonly host: PageHost;
  readonly app: AppHost;
  alive = true;
  #still = false;
  readonly #ports: MessagePort[] = [];
  /** What was due while it stood still. */
  readonly #due: (() => void)[] = [];
  #connection: (PageConnection & ServingPage) | undefined;

  constructor(
    readonly browser: Browser,
    readonly tag: string,
    core: Awaited<ReturnType<typeof nodeCore>>,
  ) {
    this.cells = new Cells(tag);
    const { clock } = browser.town;
    const mine: Clock = {
      now: () => clock.now(),
      after: (ms, task) => clock.after(ms, () => this.#run(task)),
    };
    const platform = { ...new MemorySockets(clock).platform(), clock: mine };
    const handler = async ({ method, url, signal }: Request) => {
      const { status, headers, body } = await this.cells.answer(method, new URL(url).pathname, signal);
      const entries = headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1] as string]] : []));
      return new Response(body as BodyInit, { status, headers: Object.fromEntries(entries) });
    };
    this.host = new PageHost({ platform, core, app: () => this.app, nudge: () => undefined });
    this.app = new AppHost({ handler, hosting: this.host }, mine, "http://localhost");
  }

  /** Says hello to the worker of the moment. */
  async connect(): Promise<void> {
    if (!this.alive) return;
    const { worker, town } = this.browser;
    const { life, origin, app } = worker;
    const connection = {
      open: true,
      awake: true,
      clientId: this.tag,
      invoke: (request: WireRequest & { signal?: AbortSignal }) =>
        new Promise((resolve) => this.#run(() => resolve(this.app.answer(request, request.signal)))),
      close: () => {
        if (!connection.open) return;
        connection.open = false;
        app?.channel.remove(connection as unknown as ServingPage);
        origin.left(connection as unknown as PageConnection);
        if (this.alive && !life.over) town.clock.after(50, () => void this.connect());
      },
    };
    this.#connection = connection as unknown as PageConnection & ServingPage;
    app?.channel.add(this.#connection, []);
    if (app !== undefined) await origin.admit(app, this.#connection, this.#port());
  }

  /** The port of its actors, by which nothing comes while it stands still. */
  #port(): MessagePort {
    const own = this.host.connect();
    const { port1, port2 } = new MessageChannel();
    own.onmessage = ({ data }) => port1.postMessage(data);
    port1.onmessage = ({ data }) => this.#run(() => own.postMessage(data));
    this.#ports.push(own, port1);
    return port2;
  }

  /** Now, when it wakes, or never. */
  #run(task: () => void): void {
    if (this.#still) this.#due.push(task);
    else if (this.alive) task();
  }

  /** It is closed, which the worker sees. */
  close(): void {
    this.kill();
    this.#connection?.close();
  }

  /** It is gone, and nobody is told. */
  kill(): void {
    this.alive = false;
    for (const port of this.#ports) port.close();
  }

  /** Nothing runs in it, until it wakes. */
  freeze(): void {
    this.#still = true;
  }

  wake(): void {
    this.#still = false;
    for (const task of this.#due.splice(0)) task();
  }
}
