import { actorHeader } from "../../host/actors/actors.ts";
import type { TableHost } from "../../host/actors/placement/membership.ts";
import { Owners } from "../../host/actors/placement/owners.ts";
import { PlacementClient } from "../../host/actors/placement/placement-client.ts";
import { isNameOf } from "../../host/actors/placement/placement-seat.ts";
import type { Core } from "../../host/core/core.ts";
import { type RuntimeRequest, type RuntimeResponse, withChanges } from "../../host/http.ts";
import { UnavailableError } from "../../host/mesh/transport.ts";
import { type Platform, sleep } from "../../host/platform.ts";
import type { PageConnection } from "../page-connection.ts";
import { PageGoneError } from "../page-gone-error.ts";
import type { FormerHosts } from "./former-hosts.ts";
import { HostingPage, type PageApp } from "./hosting-page.ts";
import type { PageCoordinator } from "./page-coordinator.ts";

/** Pages in the background are woken so often. Milliseconds. */
const tickMs = 1000;
/** When it is looked whether a page whose connection ended has ended itself: so long after, one by one. Milliseconds. */
const looks = [0, 50, 150, 300, 500, 1000, 2000];

export interface OriginPlacementOptions {
  readonly namespace: string;
  readonly platform: Platform;
  readonly core: Core;
  readonly former: FormerHosts;
  readonly coordinator: PageCoordinator;
  /** Whether the browser still has that page. */
  readonly present: (clientId: string) => Promise<boolean>;
  /** A change of owners is over. */
  readonly settled?: () => void;
}

/** The pages of one origin that host actors under one coordinator, and who owns which actors there, for the worker. */
export class OriginPlacement {
  readonly owners: Owners;
  readonly #options: OriginPlacementOptions;
  readonly #itself: PlacementClient;
  /** By connection: a page that comes again has two until the old one ends. */
  readonly #pages = new Map<PageConnection, HostingPage>();
  /** The latest of each page, by its name in the tables. */
  readonly #names = new Map<string, HostingPage>();
  /** Calls that a page has in hand, by its name: each ends the waiting for its answer. */
  readonly #underWay = new Map<string, Set<() => void>>();
  #ticking = false;

  constructor(options: OriginPlacementOptions) {
    const { namespace, platform, core, coordinator } = options;
    this.#options = options;
    const nothing = async () => undefined;
    const settled = () => {
      this.#giveUp();
      options.settled?.();
    };
    const halting = { halt: nothing, claim: nothing, settled };
    this.owners = new Owners("", core, platform.clock, halting, coordinator.link.name);
    // The worker hosts nothing. It follows the tables as everybody does, so that it sends nobody a call too early.
    this.#itself = new PlacementClient(coordinator.link, platform);
    void this.#itself.join({ name: coordinator.name, appId: "", namespace, types: [] }, this.owners);
  }

  /** For `/v1.0/metadata`. */
  get described(): string {
    return `${this.#itself.name}: version ${this.owners.version}`;
  }

  /** What the names of its pages begin with, where there are other hosts. */
  get instance(): string | undefined {
    return this.#options.coordinator.instance;
  }

  /** Pages that host for that app. */
  of(appId: string): readonly HostingPage[] {
    return [...this.#pages.values()].filter((page) => page.appId === appId && page.connection.open);
  }

  /** A page has come that hosts actors, or has come again by another connection. */
  host(connection: PageConnection, appId: string, port: MessagePort, app: PageApp): HostingPage {
    const { coordinator, former } = this.#options;
    const page = new HostingPage(connection, appId, port, coordinator, app, (known) => {
      this.#names.set(known.name as string, known);
      former.arrived(connection.clientId);
    });
    const before = this.#pages.get(connection);
    before?.close();
    before?.end(false);
    this.#pages.set(connection, page);
    this.#tick();
    return page;
  }

  /** A connection has ended: perhaps its page has, and then its actors are free at once. */
  async left(connection: PageConnection): Promise<void> {
    const page = this.#pages.get(connection);
    if (page === undefined) return;
    this.#pages.delete(connection);
    page.close();
    page.end(await this.#over(page));
  }

  /** Whether the page is over, and not only this connection to it. */
  async #over(page: HostingPage): Promise<boolean> {
    const { platform, present } = this.#options;
    const { name, connection } = page;
    for (const ms of looks) {
      if (name === undefined) return false;
      await sleep(platform.clock, ms);
      if (this.#names.get(name) !== page) return false;
      if (await present(connection.clientId)) continue;
      this.#names.delete(name);
      return true;
    }
    return false;
  }

  /** The pages of that app come anew: they are to take part elsewhere. */
  dismiss(appId: string): void {
    for (const { connection } of this.of(appId)) connection.close();
  }

  async close(): Promise<void> {
    for (const { appId } of [...this.#pages.values()]) this.dismiss(appId);
    await this.#itself.leave();
  }

  /** Whether the owner is a page of this origin. */
  here({ name }: TableHost): boolean {
    const { instance } = this;
    return instance === undefined || isNameOf(instance, name);
  }

  /** Hands a call to the page that owns its actor, and answers as that one does, also where the actor has moved. */
  async send({ name }: TableHost, request: RuntimeRequest, version: number): Promise<RuntimeResponse> {
    const page = this.#names.get(name)?.connection;
    const away = (sent: boolean) =>
      new UnavailableError("the tab that hosts the actor does not answer", { sent });
    if (page === undefined) throw away(false);
    const headers = [...request.headers, actorHeader, String(version)];
    let answer: RuntimeResponse | undefined;
    try {
      answer = await this.#unlessPutOut(name, page.invoke(withChanges(request, { headers }), false), () =>
        away(true),
      );
    } catch (error) {
      throw error instanceof PageGoneError ? away(error.taken) : error;
    }
    if (answer === undefined) throw away(false);
    return answer;
  }

  /** Rejects once others own what that page had: it stands still, and what it did is undone. */
  #unlessPutOut<T>(name: string, answer: Promise<T>, gone: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const calls = this.#underWay.get(name) ?? new Set();
      this.#underWay.set(name, calls);
      const giveUp = () => reject(gone());
      calls.add(giveUp);
      answer.then(resolve, reject).finally(() => {
        calls.delete(giveUp);
        if (calls.size === 0 && this.#underWay.get(name) === calls) this.#underWay.delete(name);
      });
    });
  }

  #giveUp(): void {
    const hosts = new Set(this.owners.hosts.map(({ name }) => name));
    for (const [name, calls] of this.#underWay) {
      if (hosts.has(name)) continue;
      this.#underWay.delete(name);
      for (const giveUp of calls) giveUp();
    }
  }

  #tick(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    this.#options.platform.clock.after(tickMs, () => {
      this.#ticking = false;
      for (const page of this.#pages.values()) page.post({ type: "tick" });
      if (this.#pages.size > 0) this.#tick();
    });
  }
}
