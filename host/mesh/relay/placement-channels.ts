import type {
  PlacementChannel,
  PlacementLink,
  PlacementLinkEvents,
} from "../../actors/placement/placement-link.ts";
import { decodeRecord, encodeRecord } from "../placement-record.ts";
import type { RelayLink } from "./relay-link.ts";

/** How long opening waits for the relay. Milliseconds. */
const restoringMs = 1_000;

/** The ways of a connection's instances to the coordinator in the relay: a service worker has one for each page. */
export class PlacementChannels implements PlacementLink {
  readonly #open = new Set<{ readonly events: PlacementLinkEvents; key: string | undefined }>();

  /** `joined`: whether the relay has been told as which instance this is, without which it takes no member. */
  constructor(
    readonly name: string,
    readonly link: () => RelayLink,
    readonly joined: () => boolean,
  ) {}

  async open(events: PlacementLinkEvents): Promise<PlacementChannel> {
    await this.link().ready(restoringMs);
    if (!this.joined()) throw new Error("this instance has not joined the relay yet");
    const channel = { events, key: undefined as string | undefined };
    this.#open.add(channel);
    return {
      send: (message) => {
        channel.key = message.key;
        this.link().send({ t: "placement" }, encodeRecord(message));
      },
      close: () => {
        this.#open.delete(channel);
      },
    };
  }

  received(body: Uint8Array): void {
    const message = decodeRecord(body) as { readonly key?: unknown } | null | undefined;
    for (const { events, key } of this.#open) if (key === message?.key) events.received(message);
  }

  lost(): void {
    const lost = [...this.#open];
    this.#open.clear();
    for (const { events } of lost) events.closed();
  }
}
