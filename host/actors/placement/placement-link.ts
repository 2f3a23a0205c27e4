import type { FromMember } from "./placement-messages.ts";

export interface PlacementLinkEvents {
  /** What the coordinator said, as it came. */
  received(message: unknown): void;
  /** The coordinator cannot be spoken to this way any more. Called once, and not after `close`. */
  closed(): void;
}

export interface PlacementChannel {
  send(message: FromMember): void;
  close(): void;
}

/** The way to a coordinator. Of two channels only the later one is used. */
export interface PlacementLink {
  /** As `Membership.name`. */
  readonly name: string;
  /** Resolves when there is a coordinator to speak to; rejects, within a bounded time, when there is none now. */
  open(events: PlacementLinkEvents): Promise<PlacementChannel>;
}
