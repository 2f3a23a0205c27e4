import type { Sidecar } from "../../host/sidecar.ts";
import type { PageConnection } from "../page-connection.ts";
import type { App } from "../sidecars.ts";
import { FormerHosts } from "./former-hosts.ts";
import { OriginPlacement, type OriginPlacementOptions } from "./origin-placement.ts";
import { PageActors } from "./page-actors.ts";

/** The actors of all apps of one scope: one placement for each namespace. */
export class OriginActors {
  readonly former: FormerHosts;
  readonly #present: OriginPlacementOptions["present"];
  readonly #placements = new Map<string, OriginPlacement>();

  constructor(startedAt: number, present: OriginPlacementOptions["present"]) {
    this.former = new FormerHosts(startedAt);
    this.#present = present;
  }

  /** The actors block of a sidecar: an option of its runtime. */
  readonly of = (sidecar: Sidecar): PageActors => {
    const { namespace, platform, core } = sidecar;
    const placement = (make: boolean) => {
      const known = this.#placements.get(namespace);
      if (known !== undefined || !make) return known;
      const { former } = this;
      const made = new OriginPlacement({ namespace, platform, core, former, present: this.#present });
      this.#placements.set(namespace, made);
      return made;
    };
    return new PageActors(sidecar, placement as ConstructorParameters<typeof PageActors>[1]);
  };

  /**
   * A page says that it serves, or is back. It hosts actors where it brings a port for them, and none of a time before
   * where it does not.
   */
  async admit(app: App, connection: PageConnection, port: MessagePort | undefined): Promise<void> {
    if (port === undefined) return this.former.arrived(connection.clientId);
    const { actors } = (await app.runtime()).sidecar;
    if (actors instanceof PageActors && connection.open) {
      actors.admit(connection, port, async () => (await app.runtime()).sidecar.components.actorStateStore);
    }
  }

  left(connection: PageConnection): void {
    for (const placement of this.#placements.values()) void placement.left(connection);
  }
}
