import { type Clock, withTimeout } from "../../host/platform.ts";
import type { ComponentDocument, ComponentObject } from "../../host/resources/component-from-object.ts";
import type { Resources } from "../../host/resources/resources.ts";
import { DEFAULT_PORTS } from "../addresses.ts";
import type { CapabilityOptions } from "../capability/scope-packages.ts";
import type { SecretValues } from "../client-vault.ts";
import { PROTOCOL, type Registration, type RelaySettings } from "../messages.ts";
import type { Imported } from "../storage/import-state.ts";
import { NoWorkerError, startWorker, type WorkerPlace, workerPlace } from "./choose-worker.ts";
import type { Door } from "./door.ts";
import { givenResources } from "./given-resources.ts";
import { Page } from "./page.ts";
import { RefusedError, WorkerDoor } from "./worker-door.ts";

export interface RegisterOptions {
  /** Without a dot, as everywhere in Dapr. */
  readonly appId: string;
  /**
   * Component resources: objects, YAML text, or the URL of YAML text; YAML may hold Subscriptions too. Without them the app has `statestore`
   * (state.indexeddb) and `pubsub` (pubsub.browser), or what it was registered with before.
   */
  readonly components?: readonly (ComponentObject | ComponentDocument)[] | string | URL;
  readonly namespace?: string;
  /** Ports of localhost whose every path is the sidecar's; 3500 when left out. */
  readonly ports?: readonly number[];
  /** Where the worker's script is; see `workerPlace` for what is looked for without it. */
  readonly scriptUrl?: string | URL;
  /** What the worker controls; the folder of its script when left out. */
  readonly scope?: string | URL;
  /** A relay to other machines: its URL, or with a room and token. */
  readonly relay?: string | { readonly url: string; readonly room?: string; readonly token?: string };
  /** Lets a relay or another sidecar beyond this machine be reached by `ws://` or `http://`. */
  readonly allowCleartext?: boolean;
  /**
   * Capability packages for a page whose runtime is in the page itself; a service worker has those of its own script. The first
   * call of a page counts.
   */
  readonly capabilities?: CapabilityOptions;
  /** Exactly today's Dapr, without the book's older forms. */
  readonly strict?: boolean;
  /** Told of each step of the start as it is done. */
  readonly onStep?: (name: string) => void;
}

/** This page's app and its sidecar. */
export interface Registered {
  readonly appId: string;
  /** Where the runtime is: in the service worker, or in this very page. */
  readonly door: "worker" | "page";
  /** How safe the browser's storage is from eviction. */
  readonly storage: "persistent" | "best-effort" | "memory";
  readonly scope: string;
  /** What could not be as it should, in one sentence: what the runtime fell back to, and what that costs. */
  readonly note: string | undefined;
  /** A fetch whose caller is this app, for a page with several. */
  readonly fetch: typeof fetch;
  /**
   * Asks the browser not to evict the data, at the next click or key where there was none yet; answers what it granted.
   */
  persist(signal?: AbortSignal): Promise<"persistent" | "best-effort">;
  /**
   * State, events and settings that the components of this scope keep, as JSON lines; no secrets and no locks. Each
   * component's data is as it was at one moment.
   */
  exportState(): Promise<Blob>;
  /**
   * Puts back what `exportState` made, here or in another browser: for each component in it all of its data, or none.
   * Rejects with nothing changed when the file is not whole.
   */
  importState(file: Blob): Promise<readonly Imported[]>;
  /**
   * Puts a secret into a `secretstores.vault`: one value, or values by key; null removes it. It is sealed with a key
   * that the browser does not give out, and never sent.
   */
  sealSecret(store: string, name: string, values: SecretValues): Promise<void>;
  /**
   * Brings the app to other components while it runs: what is new opens, what changed is replaced, what is missing
   * closes. Rejects with the reason when one cannot be opened as it is wanted; that one stays as it was.
   */
  update(components: NonNullable<RegisterOptions["components"]>): Promise<void>;
  /** Ends the runtime of this scope for all its pages and deletes what it kept: nothing is left behind. */
  unregister(): Promise<void>;
}

const OPEN_MS = 20_000;
const FOREIGN_MS = 4_000;
const CONTROL_MS = 4_000;
const UPDATE_MS = 6_000;

/** What `register` takes from its composition root. */
export interface RegisterContext {
  readonly window: Window & typeof globalThis;
  readonly clock: Clock;
  /** The URL of the client's module. */
  readonly module: string;
  readonly session: string;
}

/**
 * Gives this page a sidecar. Resolves when the worker controls the page, the components are open and the shim is in
 * place; rejects, with the page as it was, when a component does not open.
 */
export async function register(options: RegisterOptions, context: RegisterContext): Promise<Registered> {
  const { appId } = options;
  if (appId === "" || appId.includes(".")) {
    throw new TypeError(`register(): appId must be text without a dot, such as "orders"; got "${appId}"`);
  }
  const { window, module } = context;
  const page = Page.of(window);
  const place = workerPlace(window.document, module, options.scriptUrl, options.scope);
  const notes: string[] = [];
  const opening = open(options, context, page, place, notes);
  const [door] = await Promise.all([
    page.open(appId, place.scope.pathname, options.ports ?? DEFAULT_PORTS, opening),
    opening.then(({ kind }) => page.detour(kind)),
  ]);
  if (door.storage === "memory") {
    notes.push("The browser denies this page storage: state and events are kept in memory and end with it.");
  }
  options.onStep?.("fetch() is answered here");
  const note = notes.length === 0 ? undefined : notes.join(" ");
  if (note !== undefined) console.warn(`daprlet: ${note}`);
  return {
    appId,
    door: door.kind,
    storage: door.storage,
    scope: place.scope.href,
    note,
    fetch: page.fetchAs(door),
    persist: async (signal) => await (await storage()).persist(signal),
    exportState: async () => await (await storage()).exportScope(place.scope.href),
    importState: async (file) => await (await storage()).importScope(place.scope.href, file),
    sealSecret: async (store, name, values) => {
      const { sealSecret } = await import("../client-vault.ts");
      await sealSecret(place.scope.href, page.fetchAs(door), store, name, values);
    },
    update: async (components) => {
      const wanted = await givenResources(components, page.fetch, window.document.baseURI);
      await door.update(wanted as Resources);
    },
    async unregister() {
      await door.unregister();
      page.uninstall();
    },
  };
}

async function open(
  options: RegisterOptions,
  context: RegisterContext,
  page: Page,
  place: WorkerPlace,
  notes: string[],
): Promise<Door> {
  const { window, clock } = context;
  const { capabilities } = options;
  const step = options.onStep ?? (() => undefined);
  const settings: Registration = {
    appId: options.appId,
    namespace: options.namespace ?? "default",
    resources: await givenResources(options.components, page.fetch, window.document.baseURI),
    ports: options.ports ?? DEFAULT_PORTS,
    strict: options.strict ?? false,
    relay: relayOf(options.relay),
    allowCleartext: options.allowCleartext,
  };
  const container = containerOf(window);
  let registration: ServiceWorkerRegistration;
  try {
    registration = await startWorker(container, place, options.scriptUrl !== undefined, clock);
  } catch (error) {
    if (!(error instanceof NoWorkerError)) throw error;
    notes.push(
      `The runtime runs in this page, because ${error.message}. It ends with the page, answers only calls made by its scripts, and reaches other tabs only while both are open.`,
    );
    const { openPageMode } = await import("../page-mode/page-mode.ts");
    const { href: scope } = place.scope;
    const opening = openPageMode({ ...context, settings, scope, fetch: page.fetch, capabilities });
    const door = await opening.catch((failure: Error) => {
      if (failure.name !== "CompileError") throw failure;
      const remedy = "the page's Content-Security-Policy must allow script-src 'wasm-unsafe-eval'";
      throw new Error(`register(): ${error.message}; to run in the page instead, ${remedy}`, {
        cause: failure,
      });
    });
    step("the runtime runs in this page");
    return door;
  }
  step("service worker is active");
  return await byWorker(context, page, place, registration, settings, step, notes);
}

async function byWorker(
  { window, clock, session }: RegisterContext,
  page: Page,
  place: WorkerPlace,
  registration: ServiceWorkerRegistration,
  settings: Registration,
  step: (name: string) => void,
  notes: string[],
): Promise<Door> {
  const container = window.navigator.serviceWorker;
  const door = new WorkerDoor({ registration, container, settings, clock, fetch: page.fetch, session });
  const script = new URL(registration.active?.scriptURL ?? place.scriptUrl.href).pathname;
  const foreign = script !== place.scriptUrl.pathname;
  const late = () =>
    new Error(
      foreign
        ? `register(): the site's service worker ${script} does not answer; call attach(self) of daprlet/worker in it, or pass scriptUrl to replace it`
        : `register(): the service worker ${script} did not answer within ${OPEN_MS} ms; see its console`,
    );
  try {
    await withTimeout(clock, foreign ? FOREIGN_MS : OPEN_MS, door.open(), late);
  } catch (error) {
    if (!(error instanceof RefusedError) || error.protocol === PROTOCOL) {
      door.close();
      throw error instanceof RefusedError ? new Error(`register(): ${error.message}`) : error;
    }
    // The page is newer than the worker it found; the browser is fetching the new one now.
    if (!(await otherWorker(container, registration, clock))) {
      notes.push(
        `The service worker is of another version than this page (protocol ${error.protocol}, not ${PROTOCOL}): calls go by plain fetch, and serve() does not work, until the site's tabs are reloaded.`,
      );
      return door;
    }
    await withTimeout(clock, OPEN_MS, door.open(), late);
  }
  step("components are open");
  if (!window.location.href.startsWith(registration.scope)) {
    notes.push(
      `This page (${window.location.pathname}) is outside the service worker's scope ${new URL(registration.scope).pathname}: only fetch() of its own scripts is answered; put sw.js above the page, or pass scope.`,
    );
  } else if (!(await controlled(door, container, clock))) {
    notes.push(
      "The service worker does not control this page yet: only fetch() of its own scripts is answered until a reload.",
    );
  } else step("service worker controls the page");
  return door;
}

/** Undefined where the browser has none, and where it refuses even to look (a sandboxed frame). */
function containerOf({ navigator }: Window): ServiceWorkerContainer | undefined {
  try {
    return navigator.serviceWorker;
  } catch {
    return undefined;
  }
}

function changed(
  container: ServiceWorkerContainer,
  clock: Clock,
  ms: number,
  done: () => boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const look = () => {
      if (!done()) return;
      container.removeEventListener("controllerchange", look);
      cancel();
      resolve(true);
    };
    const cancel = clock.after(ms, () => {
      container.removeEventListener("controllerchange", look);
      resolve(done());
    });
    container.addEventListener("controllerchange", look);
    look();
  });
}

function controlled(door: WorkerDoor, container: ServiceWorkerContainer, clock: Clock): Promise<boolean> {
  return changed(container, clock, CONTROL_MS, () => door.controlled);
}

async function otherWorker(
  container: ServiceWorkerContainer,
  registration: ServiceWorkerRegistration,
  clock: Clock,
): Promise<boolean> {
  const old = registration.active;
  await registration.update().catch(() => undefined);
  return await changed(
    container,
    clock,
    UPDATE_MS,
    () => registration.active !== old && registration.active !== null,
  );
}

const storage = () => import("../client-storage.ts");

function relayOf(relay: RegisterOptions["relay"]): RelaySettings | undefined {
  if (relay === undefined) return undefined;
  const { url, room, token } =
    typeof relay === "string" ? { url: relay } : (relay as Partial<RelaySettings> & { url: string });
  return { url, room: room ?? "default", token };
}
