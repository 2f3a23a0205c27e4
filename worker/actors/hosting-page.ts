import type { PlacementChannel } from "../../host/actors/placement/placement-link.ts";
import type { ActorCounts } from "../../host/telemetry/metrics/meters.ts";
import type { WireRequest, WireResponse } from "../messages.ts";
import type { PageConnection } from "../page-connection.ts";
import type { ActorsDownstream, ActorsUpstream, Counted } from "./actor-messages.ts";
import type { CoordinatedPage, PageCoordinator } from "./page-coordinator.ts";
import { type OpenStore, storeAnswer } from "./store-answer.ts";

/** The app of a page that hosts actors, whichever runtime it has at the time. */
export interface PageApp {
  store(): Promise<OpenStore | undefined>;
  /** Runs a package for the turn of an actor of this page. */
  turn(id: number, request: WireRequest): Promise<WireResponse>;
  /** Takes what the page has counted. */
  counted?(counted: readonly Counted[]): Promise<void>;
}

/** The worker's end of a page that hosts actors, or of one connection to it. */
export class HostingPage implements CoordinatedPage {
  /** In the tables, once it has said it: the same over all connections of the page. */
  name: string | undefined;
  /** Active actors by type. */
  active: readonly (readonly [type: string, count: number])[] = [];
  /** What else there is of them, where it is measured. */
  counts: readonly ActorCounts[] = [];
  readonly #port: MessagePort;
  readonly #coordinator: PlacementChannel;
  /** As a member of placement, once it has said something. */
  #member: { readonly key: string; readonly incarnation: number } | undefined;

  constructor(
    readonly connection: PageConnection,
    readonly appId: string,
    port: MessagePort,
    coordinator: PageCoordinator,
    { store, turn, counted }: PageApp,
    joins: (page: HostingPage) => void,
  ) {
    this.#port = port;
    this.#coordinator = coordinator.channel(this);
    port.onmessage = ({ data }) => {
      const message = data as ActorsUpstream;
      switch (message.type) {
        case "placement": {
          const { key, incarnation } = message.message;
          this.#member = { key, incarnation };
          if (message.message.t === "join" && this.name === undefined) {
            this.name = message.message.name;
            joins(this);
          }
          this.#coordinator.send(message.message);
          break;
        }
        case "store":
          void storeAnswer(store, message.call).then((answer) =>
            this.post({ type: "stored", id: message.id, answer }),
          );
          break;
        case "turn":
          this.post({ type: "turning", id: message.id });
          void turn(message.id, message.request).then((response) =>
            this.post({ type: "turned", id: message.id, response }),
          );
          break;
        case "active":
          this.active = message.counts;
          break;
        case "measured":
          this.counts = message.counts;
          void counted?.(message.counted);
          break;
      }
    };
  }

  mayBe(name: string): boolean {
    return name === this.name;
  }

  send(message: unknown): void {
    this.post({ type: "placement", message });
  }

  lost(): void {
    this.post({ type: "lost" });
  }

  post(message: ActorsDownstream): void {
    this.#port.postMessage(message);
  }

  /** Hears no more of the page. */
  close(): void {
    this.#port.close();
  }

  /** After {@link close}: the coordinator hears no more of this connection; where the page has `ended`, that its actors are free. */
  end(ended: boolean): void {
    if (ended && this.#member !== undefined) this.#coordinator.send({ t: "leave", ...this.#member });
    this.#coordinator.close();
  }
}
