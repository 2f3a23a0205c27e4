import { PlacementClient } from "../../host/actors/placement/placement-client.ts";
import type { PlacementLink } from "../../host/actors/placement/placement-link.ts";
import { SoloMembership } from "../../host/actors/placement/solo-membership.ts";
import { hostedActors } from "../../host/api/actors/hosted-actors.ts";
import { toHex } from "../../host/hex.ts";
import { RelayClient } from "../../host/mesh/relay-client.ts";
import type { Clock, Platform } from "../../host/platform.ts";
import type { Resources } from "../../host/resources/resources.ts";
import type { Sidecar } from "../../host/sidecar.ts";
import { consoleLog, webPlatform } from "../../host/web-platform.ts";
import type { CapabilityOptions } from "../capability/scope-packages.ts";
import type { AppHost } from "../client/app-host.ts";
import type { Door } from "../client/door.ts";
import { workerRegistry } from "../components/registry.ts";
import { defaultResources } from "../default-resources.ts";
import { embeddedCore } from "../embedded-core.ts";
import type { Registration, WireRequest, WireResponse } from "../messages.ts";
import type { ServingPage } from "../page-channel.ts";
import { resubscribe } from "../resubscribe.ts";
import { type App, Sidecars } from "../sidecars.ts";
import { databasePrefix } from "../storage/database-names.ts";
import { storageAvailable, storageDurability } from "../storage/durability.ts";
import { eraseStorage } from "../storage/erase.ts";
import { Breather } from "./breather.ts";
import { inPages } from "./in-page.ts";
import { installInPageRequests } from "./in-page-requests.ts";
import { ownDevices } from "./own-devices.ts";
import { TabMembership } from "./tab-membership.ts";
import { TabTransport } from "./tab-transport.ts";

export interface PageModeOptions {
  readonly settings: Registration;
  /** What the worker's scope would be. */
  readonly scope: string;
  readonly window: Window & typeof globalThis;
  readonly clock: Clock;
  /** The browser's own, before the shim. */
  readonly fetch: typeof fetch;
  /** The URL of the client's module. */
  readonly module: string;
  /** Packages of the scope; those of the first app of a page count. */
  readonly capabilities: CapabilityOptions | undefined;
}

/** crypto.randomUUID is missing on insecure origins. */
function uuid(random: Platform["random"]): string {
  const bytes = random(new Uint8Array(16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** The runtime of a page that can have no service worker: the same as in one, and it ends with the page. */
export async function openPageMode({
  settings,
  scope,
  window,
  clock,
  fetch: own,
  module,
  capabilities,
}: PageModeOptions): Promise<Door> {
  const prefix = databasePrefix(scope);
  const web = webPlatform(consoleLog("info", "daprlet"));
  const platform: Platform = {
    ...web,
    clock,
    origin: new URL(scope).origin,
    uuid: () => uuid(web.random),
    fetch: (input, init) => own(input, init),
  };
  const pages = inPages(window);
  let inPage = pages.get(scope);
  if (inPage === undefined) {
    const { locks } = window.navigator;
    const packages =
      capabilities &&
      import("./page-packages.ts").then(({ pagePackages }) =>
        pagePackages(capabilities, scope, platform, module, locks),
      );
    const transports = () => [new TabTransport({ name: `${prefix}tabs`, clock, locks })];
    const membership = (
      { appId, namespace }: Sidecar,
      instance: string,
      relay: PlacementLink | undefined,
    ) => {
      if (relay !== undefined) return new PlacementClient(relay, platform);
      // Missing on insecure origins: there each tab hosts by itself, and the fence lets the latest write.
      if (locks === undefined) return new SoloMembership(platform);
      const name = `${prefix}actors:${namespace}`;
      return new TabMembership({ name, namespace, appId, instance, platform, locks });
    };
    const made = new Sidecars({
      platform,
      core: embeddedCore(),
      registry: workerRegistry({
        databasePrefix: prefix,
        incarnation: undefined,
        devices: ownDevices(window),
      }),
      rules: async () => (await import("../client-rules.ts")).cel,
      relays: new RelayClient(platform),
      capabilities: packages && (async (...app) => await (await packages).of(...app)),
      transports,
      actors: (sidecar, instance, relay) =>
        hostedActors(() => membership(sidecar, instance, relay))(sidecar, instance),
      defaults: defaultResources,
    });
    const { origin } = new URL(window.document.baseURI);
    const addresses = { origin, scopePath: new URL(scope).pathname, ports: settings.ports };
    const restore = installInPageRequests(window, addresses);
    inPage = { sidecars: made, restore, packages };
    pages.set(scope, inPage);
    // Said on leaving, so that other tabs need not find out; a page that is kept in memory may come back.
    window.addEventListener("pagehide", ({ persisted }) => {
      if (!persisted) void made.close();
    });
  }
  const { sidecars, restore, packages } = inPage;
  const before = sidecars.app(settings.appId)?.registration;
  let app: App;
  try {
    app = await sidecars.register(settings, true);
    await app.runtime();
  } catch (error) {
    if (before === undefined) await sidecars.remove(settings.appId);
    else await sidecars.app(settings.appId)?.restore(before);
    if (sidecars.latest === undefined) {
      restore();
      pages.delete(scope);
    }
    throw error;
  }
  const storage = storageAvailable() ? await storageDurability() : "memory";
  return new PageDoor(sidecars, app, storage, platform, async () => {
    restore();
    pages.delete(scope);
    await sidecars.close();
    await (await packages)?.erase();
    if (storageAvailable()) await eraseStorage(prefix);
  });
}

class PageDoor implements Door {
  readonly kind = "page";
  readonly #sidecars: Sidecars;
  readonly #app: App;
  readonly #erase: () => Promise<void>;
  readonly #breather: Breather;
  readonly #platform: Platform;
  #serving: ServingPage | undefined;
  #host: AppHost | undefined;

  constructor(
    sidecars: Sidecars,
    app: App,
    readonly storage: Door["storage"],
    platform: Platform,
    erase: () => Promise<void>,
  ) {
    this.#sidecars = sidecars;
    this.#app = app;
    this.#breather = new Breather(platform.clock);
    this.#platform = platform;
    this.#erase = erase;
  }

  call(request: WireRequest, signal: AbortSignal | undefined): Promise<WireResponse> {
    const turn = this.#breather.turn();
    const handled = () => this.#sidecars.handle(this.#app, { ...request, signal });
    const answer = turn === undefined ? handled() : turn.then(handled);
    if (signal === undefined) return answer;
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    });
  }

  get app(): AppHost | undefined {
    return this.#host;
  }

  async serve(host: AppHost | undefined): Promise<void> {
    this.#host = host;
    const { channel } = this.#app;
    if (this.#serving !== undefined) channel.remove(this.#serving);
    this.#serving = undefined;
    if (host === undefined) return;
    this.#serving = { open: true, awake: true, invoke: (request) => host.answer(request, request.signal) };
    channel.add(this.#serving, []);
    await resubscribe(this.#app, this.#platform);
  }

  update(resources: Resources): Promise<void> {
    return this.#app.update(resources);
  }

  unregister(): Promise<void> {
    return this.#erase();
  }

  close(): void {
    void this.serve(undefined);
  }
}
