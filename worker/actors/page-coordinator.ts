import type { PlacementChannel, PlacementLink } from "../../host/actors/placement/placement-link.ts";
import type { PlacementSender } from "../../host/actors/placement/placement-seat.ts";

/** One connection of a page that hosts actors, as a coordinator sees it. */
export interface CoordinatedPage extends PlacementSender {
  /** The coordinator cannot be spoken to this way any more: the page says anew how it stands. */
  lost(): void;
}

/** Who coordinates the placement of an origin's pages, as their worker speaks to it. */
export interface PageCoordinator {
  /** The worker's own way. */
  readonly link: PlacementLink;
  /** Under which the worker follows the tables, in which it is not. */
  readonly name: string;
  /** What the names of this origin's pages begin with; undefined where there are no others. */
  readonly instance: string | undefined;
  /** The way of one page, over one of its connections. */
  channel(page: CoordinatedPage): PlacementChannel;
}
