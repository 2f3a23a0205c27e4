import type { PlacementSender } from "../../host/actors/placement/placement-seat.ts";
import type { PlacementService } from "../../host/actors/placement/placement-service.ts";
import type { PageConnection } from "../page-connection.ts";
import type { ActorsDownstream, ActorsUpstream } from "./actor-messages.ts";
import { type OpenStore, storeAnswer } from "./store-answer.ts";

/** The worker's end of a page that hosts actors, or of one connection to it. */
export class HostingPage implements PlacementSender {
  /** In the tables, once it has said it: the same over all connections of the page. */
  name: string | undefined;
  /** Active actors by type. */
  active: readonly (readonly [type: string, count: number])[] = [];
  /** As a member of placement, once it has said something. */
  member: { readonly key: string; readonly incarnation: number } | undefined;
  readonly #port: MessagePort;

  constructor(
    readonly connection: PageConnection,
    readonly appId: string,
    port: MessagePort,
    service: PlacementService,
    store: () => Promise<OpenStore | undefined>,
    joins: (page: HostingPage) => void,
  ) {
    this.#port = port;
    port.onmessage = ({ data }) => {
      const message = data as ActorsUpstream;
      switch (message.type) {
        case "placement":
          this.member = message.message;
          if (message.message?.t === "join" && this.name === undefined) {
            this.name = message.message.name;
            joins(this);
          }
          service.receive(this, message.message);
          break;
        case "store":
          void storeAnswer(store, message.call).then((answer) =>
            this.post({ type: "stored", id: message.id, answer }),
          );
          break;
        case "active":
          this.active = message.counts;
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

  post(message: ActorsDownstream): void {
    this.#port.postMessage(message);
  }

  close(): void {
    this.#port.close();
  }
}
