import { type Addresses, DEFAULT_PORTS } from "../addresses.ts";
import type { Door } from "./door.ts";
import { shimFetch } from "./shim.ts";

const key = Symbol.for("daprlet.page");

/** What daprlet has put into one page: its apps' doors, and the patched globals in front of them. */
export class Page {
  readonly fetch: typeof fetch;
  readonly #window: Window & typeof globalThis;
  readonly #doors = new Map<string, Door>();
  readonly #opening = new Set<Promise<Door>>();
  #latest: Door | undefined;
  #addresses: Addresses;
  #restore: (() => void) | undefined;
  #undoDetours: (() => void) | undefined;

  /** The one of this page, also when two copies of the client are loaded. */
  static of(window: Window & typeof globalThis): Page {
    const host = window as Window & typeof globalThis & { [key]?: Page };
    host[key] ??= new Page(window);
    return host[key];
  }

  private constructor(window: Window & typeof globalThis) {
    this.#window = window;
    this.fetch = window.fetch.bind(window);
    // A sandboxed document has an opaque origin, and its addresses are those of where it was loaded from.
    const { origin } = new URL(window.document.baseURI);
    this.#addresses = { origin, scopePath: "/", ports: DEFAULT_PORTS };
  }

  /** Without an app: the one that was registered last. */
  door(appId: string | undefined): Door | undefined {
    return appId === undefined ? this.#latest : this.#doors.get(appId);
  }

  /**
   * From now on the API's addresses are answered by this app, or wait until its door is open. When it does not open
   * and no other app is here, the page is left as it was.
   */
  async open(
    appId: string,
    scopePath: string,
    ports: readonly number[],
    opening: Promise<Door>,
  ): Promise<Door> {
    this.#addresses = {
      ...this.#addresses,
      scopePath,
      ports: [...new Set([...this.#addresses.ports, ...ports])],
    };
    this.#opening.add(opening);
    this.#install();
    try {
      const door = await opening;
      const before = this.#doors.get(appId);
      // Registering an app anew does not end its being served.
      if (before?.app !== undefined) await door.serve(before.app);
      before?.close();
      this.#doors.set(appId, door);
      this.#latest = door;
      return door;
    } finally {
      this.#opening.delete(opening);
      if (this.#doors.size === 0 && this.#opening.size === 0) this.uninstall();
    }
  }

  /** Covers what browsers route around a worker; see `installDetours`. Its code comes as a file of its own. */
  async detour(kind: Door["kind"]): Promise<void> {
    const { installDetours } = await import("../client-detours.ts");
    if (this.#restore !== undefined)
      this.#undoDetours ??= installDetours(this.#window, () => this.#addresses, kind === "worker");
  }

  /** A fetch whose caller is that app, whichever was registered last. */
  fetchAs(door: Door): typeof fetch {
    return shimFetch({ fetch: this.fetch, addresses: () => this.#addresses, door: () => door });
  }

  /** Gives the page its own globals back and forgets the apps. */
  uninstall(): void {
    this.#restore?.();
    this.#restore = undefined;
    for (const door of this.#doors.values()) door.close();
    this.#doors.clear();
    this.#latest = undefined;
    delete (this.#window as Window & typeof globalThis & { [key]?: Page })[key];
  }

  #install(): void {
    if (this.#restore !== undefined) return;
    const window = this.#window;
    const original = window.fetch;
    const addresses = () => this.#addresses;
    const shim = shimFetch({ fetch: this.fetch, addresses, door: () => this.#door() });
    window.fetch = shim;
    this.#restore = () => {
      this.#undoDetours?.();
      this.#undoDetours = undefined;
      // Somebody else may have wrapped ours since; then the wrapper stays and reaches the browser's through it.
      if (window.fetch === shim) window.fetch = original;
    };
  }

  #door(): Door | Promise<Door> {
    if (this.#latest !== undefined) return this.#latest;
    const [opening] = this.#opening;
    if (opening !== undefined) return opening;
    throw new TypeError("daprlet: no sidecar is registered in this page any more");
  }
}
