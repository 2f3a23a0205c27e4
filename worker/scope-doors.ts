import { reasonOf } from "../host/errors/reason-of.ts";
import { fromPage } from "./actors/from-page.ts";
import { type Addresses, type Located, locate } from "./addresses.ts";
import { asDocument, fromFetch, refusedNavigation, takeCaller, toFetch, toShim } from "./fetch-door.ts";
import type { ScopeHostOptions } from "./scope-host-options.ts";
import { type App, unavailable } from "./sidecars.ts";

/** What the doors need of the host behind them. */
export interface BehindDoors extends Pick<ScopeHostOptions, "sidecars" | "platform"> {
  readonly origin: string;
  boot(): Promise<void>;
  /** As which app a page was registered last. */
  appOf(clientId: string): string | undefined;
  /** Of now: after `boot` they may be more. */
  addresses(): Addresses;
  /** The answer that holds a page's connection. */
  link(name: string): Response;
}

/** The two doors to the runtimes of one scope: fetch events of the API's own addresses, and those of the shim. */
export class ScopeDoors {
  readonly #behind: BehindDoors;

  constructor(behind: BehindDoors) {
    this.#behind = behind;
  }

  /** The app that a client's requests come from: its own, or the one registered last. */
  #caller(clientId: string, named: string | undefined): App | undefined {
    const { sidecars } = this.#behind;
    const appId = named ?? this.#behind.appOf(clientId);
    return (appId === undefined ? undefined : sidecars.app(appId)) ?? sidecars.latest;
  }

  async answer(event: FetchEvent, located: Located): Promise<Response> {
    const { request, clientId } = event;
    const { sidecars, platform } = this.#behind;
    try {
      const refused = refusedNavigation(request, this.#behind.origin);
      if (refused !== undefined) return toFetch(request.method, refused);
      const [call] = await Promise.all([fromFetch(request, located, platform.clock), this.#behind.boot()]);
      const response = await sidecars.handle(this.#caller(clientId, undefined), fromPage(call, clientId));
      return toFetch(request.method, request.mode === "navigate" ? asDocument(request, response) : response);
    } catch (error) {
      return toFetch(request.method, unavailable(reasonOf(error)));
    }
  }

  /** `link/<connection>`, `call/<path>` from the shim, `at/<path>` for links and forms that named localhost. */
  internal(event: FetchEvent, path: string, query: string): Promise<Response> {
    const { mode } = event.request;
    const slash = path.indexOf("/");
    const rest = { path: path.slice(slash), query };
    const door = path.slice(0, slash);
    // Another site can navigate here, and its form would be taken for the shim.
    if (mode === "navigate" && door !== "at") {
      return Promise.resolve(toShim("GET", unavailable("this address is the client's own")));
    }
    switch (door) {
      case "link":
        return Promise.resolve(this.#behind.link(rest.path.slice(1)));
      case "call":
        return this.#shimCall(event, rest);
      case "at":
        return this.answer(event, rest);
      default:
        return Promise.resolve(toShim("GET", unavailable("there is nothing at this internal address")));
    }
  }

  async #shimCall({ request, clientId }: FetchEvent, located: Located): Promise<Response> {
    const { sidecars, platform } = this.#behind;
    try {
      const [full] = await Promise.all([fromFetch(request, located, platform.clock), this.#behind.boot()]);
      const { caller, request: call } = takeCaller(full);
      return toShim(
        request.method,
        await sidecars.handle(this.#caller("", caller), fromPage(call, clientId)),
      );
    } catch (error) {
      return toShim(request.method, unavailable(reasonOf(error)));
    }
  }

  /** Of an address that is known to be ours or not once the host has booted. */
  async perhaps(event: FetchEvent, url: URL): Promise<Response> {
    await this.#behind.boot();
    const located = locate(url, this.#behind.addresses(), false);
    return located === undefined ? await fetch(event.request) : await this.answer(event, located);
  }
}
