import type { PlacementChannel, PlacementLink } from "../../host/actors/placement/placement-link.ts";
import type { PlacementSender } from "../../host/actors/placement/placement-seat.ts";
import { PlacementService } from "../../host/actors/placement/placement-service.ts";
import { placementTimes } from "../../host/actors/placement/placement-times.ts";
import type { Platform } from "../../host/platform.ts";
import type { FormerHosts } from "./former-hosts.ts";
import type { PageCoordinator } from "./page-coordinator.ts";

/** The worker itself as the coordinator of its pages: nobody else takes part. */
export class OriginCoordinator implements PageCoordinator {
  readonly name = "the worker";
  readonly instance = undefined;
  readonly link: PlacementLink;
  readonly #service: PlacementService;

  constructor(namespace: string, { clock, log }: Platform, former: FormerHosts) {
    const unknownMs =
      former.size === 0 ? 0 : Math.max(0, placementTimes.takeOverMs - (clock.now() - former.startedAt));
    const service = new PlacementService({ clock, log, namespace, term: former.startedAt, unknownMs });
    this.#service = service;
    void former.known.then(() => service.allKnown());
    this.link = {
      name: "origin",
      open: async ({ received }) =>
        this.channel({
          appId: "",
          mayBe: () => true,
          send: (message) => queueMicrotask(() => received(message)),
        }),
    };
  }

  channel(page: PlacementSender): PlacementChannel {
    return { send: (message) => this.#service.receive(page, message), close: () => undefined };
  }
}
