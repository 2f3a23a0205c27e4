import { actorHeader } from "../../host/actors/actors.ts";
import type { TableHost } from "../../host/actors/placement/membership.ts";
import { Owners } from "../../host/actors/placement/owners.ts";
import { PlacementClient } from "../../host/actors/placement/placement-client.ts";
import { PlacementService } from "../../host/actors/placement/placement-service.ts";
import { placementTimes } from "../../host/actors/placement/placement-times.ts";
import type { Core } from "../../host/core/core.ts";
import type { RuntimeRequest, RuntimeResponse } from "../../host/http.ts";
import { UnavailableError } from "../../host/mesh/transport.ts";
import { type Platform, sleep } from "../../host/platform.ts";
import type { PageConnection } from "../page-connection.ts";
import { PageGoneError } from "../page-gone-error.ts";
import type { FormerHosts } from "./former-hosts.ts";
import { HostingPage } from "./hosting-page.ts";
import type { OpenStore } from "./store-answer.ts";

/** Pages in the background are woken so often. Milliseconds. */
const tickMs = 1000;
/** When it is looked whether a page whose connection ended has ended itself: so long after, one by one. Milliseconds. */
const looks = [0, 50, 150, 300, 500, 1000, 2000];

export interface OriginPlacementOptions {
  readonly namespace: string;
  readonly platform: Platform;
  readonly core: Core;
  readonly former: FormerHosts;
  /** Whether the browser still has that page. */
  readonly present: (clientId: string) => Promise<boolean>;
}

/** Who hosts which actors among the pages of one origin, in one namespace: the worker keeps it, and asks it for owners. */
export class OriginPlacement {
  readonly owners: Owners;
  readonly #options: OriginPlacementOptions;
  readonly #service: PlacementService;
  /** By connection: a page that comes again has two until the old one ends. */
  readonly #pages = new Map<PageConnection, HostingPage>();
  /** The latest of each page, by its name in the tables. */
  readonly #names = new Map<string, HostingPage>();
  /** Calls that a page has in hand, by its name: each ends the waiting for its answer. */
  readonly #underWay = new Map<string, Set<() => void>>();
  #ticking = false;

  constructor(options: OriginPlacementOptions) {
    const { namespace, platform, core, former } = options;
    const { clock, log } = platform;
    this.#options = options;
    this.#service = new PlacementService({
      clock,
      log,
      namespace,
      term: former.startedAt,
      unknownMs:
        former.size === 0 ? 0 : Math.max(0, placementTimes.takeOverMs - (clock.now() - former.startedAt)),
    });
    void former.known.then(() => this.#service.allKnown());
    const nothing = async () => undefined;
    const settled = () => this.#giveUp();
    this.owners = new Owners("", core, clock, { halt: nothing, claim: nothing, settled });
    // The worker hosts nothing. It follows the tables as everybody does, so that it sends nobody a call too early.
    const itself = new PlacementClient(
      {
        name: "origin",
        open: async ({ received }) => {
          const sender = {
            appId: "",
            mayBe: () => true,
            send: (message: unknown) => queueMicrotask(() => received(message)),
          };
          return { send: (message) => this.#service.receive(sender, message), close: () => undefined };
        },
      },
      platform,
    );
    void itself.join({ name: "the worker", appId: "", namespace, types: [] }, this.owners);
  }

  /** What `/placement/state` shows. */
  state() {
    return this.#service.state();
  }

  /** Pages that host for that app. */
  of(appId: string): readonly HostingPage[] {
    return [...this.#pages.values()].filter((page) => page.appId === appId && page.connection.open);
  }

  /** A page has come that hosts actors, or has come again by another connection. */
  host(
    connection: PageConnection,
    appId: string,
    port: MessagePort,
    store: () => Promise<OpenStore | undefined>,
  ): HostingPage {
    const page = new HostingPage(connection, appId, port, this.#service, store, (known) => {
      this.#names.set(known.name as string, known);
      this.#options.former.arrived(connection.clientId);
    });
    this.#pages.get(connection)?.close();
    this.#pages.set(connection, page);
    this.#tick();
    return page;
  }

  /** A connection has ended: perhaps its page has, and then its actors are free at once. */
  async left(connection: PageConnection): Promise<void> {
    const { platform, present } = this.#options;
    const page = this.#pages.get(connection);
    if (page === undefined) return;
    this.#pages.delete(connection);
    page.close();
    const { name, member } = page;
    for (const ms of looks) {
      if (name === undefined || member === undefined) return;
      await sleep(platform.clock, ms);
      if (this.#names.get(name) !== page) return;
      if (await present(connection.clientId)) continue;
      this.#names.delete(name);
      this.#service.ended(member.key, member.incarnation);
      return;
    }
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
      answer = await this.#unlessPutOut(name, page.invoke({ ...request, headers }, false), () => away(true));
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
