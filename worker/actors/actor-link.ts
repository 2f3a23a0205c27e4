import type {
  PlacementChannel,
  PlacementLink,
  PlacementLinkEvents,
} from "../../host/actors/placement/placement-link.ts";
import { AppUnreachableError } from "../../host/channel/app-channel.ts";
import type { Clock } from "../../host/platform.ts";
import type { WireRequest, WireResponse } from "../messages.ts";
import type { ActorsDownstream, ActorsUpstream, Measured, StoreAnswer, StoreCall } from "./actor-messages.ts";

/** How long the worker may be silent before it is asked by another way, which finds out whether it lives. */
const SILENT_MS = 1000;

/** A package's, for an actor of this page. */
interface Turn {
  readonly request: WireRequest;
  begun: boolean;
  resolve(response: WireResponse): void;
  reject(error: Error): void;
}

export interface ActorLinkEvents {
  /** The actor state store is another one, or is known for the first time. */
  opened(opened: ActorsDownstream & { readonly type: "opened" }): void;
  tick(): void;
  /** Nothing was heard for long. */
  silent(): void;
}

/** A page's way to the worker about its actors, over one port after another: what is not answered on one is said again on the next. */
export class ActorLink implements PlacementLink {
  readonly name = "origin";
  readonly #clock: Clock;
  readonly #events: ActorLinkEvents;
  readonly #calls = new Map<number, { readonly call: StoreCall; resolve(answer: StoreAnswer): void }>();
  readonly #turns = new Map<number, Turn>();
  #port: MessagePort | undefined;
  #placement: PlacementLinkEvents | undefined;
  #next = 1;
  #watching: (() => void) | undefined;

  constructor(clock: Clock, events: ActorLinkEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  /** The worker's end of a new connection; one before it is dead. */
  connect(): MessagePort {
    this.#port?.close();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }) => {
      if (this.#port === port1) this.#receive(data as ActorsDownstream);
    };
    this.#abandon(({ begun }) => begun);
    for (const [id, { request }] of this.#turns) port1.postMessage({ type: "turn", id, request });
    for (const [id, { call }] of this.#calls) port1.postMessage({ type: "store", id, call });
    this.#lost();
    return port2;
  }

  #lost(): void {
    const before = this.#placement;
    this.#placement = undefined;
    before?.closed();
  }

  /** What the worker was at may have had its effect: it is not begun again. */
  #abandon(which: (turn: Turn) => boolean): void {
    for (const [id, turn] of this.#turns) {
      if (!which(turn)) continue;
      this.#turns.delete(id);
      turn.reject(new AppUnreachableError("the worker was stopped while it ran the package", { sent: true }));
    }
  }

  close(): void {
    this.#abandon(() => true);
    this.#watching?.();
    this.#port?.close();
    this.#port = undefined;
  }

  store(call: StoreCall): Promise<StoreAnswer> {
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#calls.set(id, { call, resolve });
      this.#post({ type: "store", id, call });
      this.#watch();
    });
  }

  /** Has the worker run a package for the turn of an actor. Rejects with an AppUnreachableError. */
  turn(request: WireRequest): Promise<WireResponse> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#turns.set(id, { request, begun: false, resolve, reject });
      this.#post({ type: "turn", id, request });
      this.#watch();
    });
  }

  /** Whether that turn goes on: what is written of another one is nobody's. */
  turns(id: number): boolean {
    return this.#turns.has(id);
  }

  active(counts: readonly (readonly [type: string, count: number])[]): void {
    this.#post({ type: "active", counts });
  }

  measured(measured: Measured): void {
    this.#post({ type: "measured", ...measured });
  }

  async open(events: PlacementLinkEvents): Promise<PlacementChannel> {
    const port = this.#port;
    if (port === undefined) throw new Error("the worker has not been met");
    this.#placement = events;
    return {
      send: (message) => {
        if (this.#port === port) port.postMessage({ type: "placement", message } satisfies ActorsUpstream);
        this.#watch();
      },
      close: () => {
        if (this.#placement === events) this.#placement = undefined;
      },
    };
  }

  #post(message: ActorsUpstream): void {
    this.#port?.postMessage(message);
  }

  #receive(message: ActorsDownstream): void {
    this.#watching?.();
    this.#watching = undefined;
    if (this.#waits) this.#watch();
    switch (message.type) {
      case "placement":
        this.#placement?.received(message.message);
        break;
      case "lost":
        this.#lost();
        break;
      case "stored":
        this.#calls.get(message.id)?.resolve(message.answer);
        this.#calls.delete(message.id);
        break;
      case "turning": {
        const turn = this.#turns.get(message.id);
        if (turn !== undefined) turn.begun = true;
        break;
      }
      case "turned":
        this.#turns.get(message.id)?.resolve(message.response);
        this.#turns.delete(message.id);
        break;
      case "opened":
        this.#events.opened(message);
        break;
      case "tick":
        this.#events.tick();
        break;
    }
  }

  #watch(): void {
    this.#watching ??= this.#clock.after(SILENT_MS, () => {
      this.#watching = undefined;
      this.#events.silent();
      if (this.#waits) this.#watch();
    });
  }

  get #waits(): boolean {
    return this.#calls.size > 0 || this.#turns.size > 0;
  }
}
