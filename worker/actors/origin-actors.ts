import type { PlacementLink } from "../../host/actors/placement/placement-link.ts";
import type { Sidecar } from "../../host/sidecar.ts";
import { PAGE_HEADER, TURN_HEADER } from "../messages.ts";
import type { PageConnection } from "../page-connection.ts";
import type { App } from "../sidecars.ts";
import { FormerHosts } from "./former-hosts.ts";
import { Home } from "./home.ts";
import { OriginCoordinator } from "./origin-coordinator.ts";
import { OriginPlacement, type OriginPlacementOptions } from "./origin-placement.ts";
import { packageTurn } from "./package-turn.ts";
import { PageActors } from "./page-actors.ts";
import type { PageCoordinator } from "./page-coordinator.ts";
import { countAll } from "./page-meter.ts";
import { RelayCoordinator } from "./relay-coordinator.ts";

/** The actors of all apps of one scope: one placement for each namespace, and one for each app that is on a relay. */
export class OriginActors {
  readonly former: FormerHosts;
  readonly #present: OriginPlacementOptions["present"];
  readonly #homes = new Set<Home>();
  /** By namespace: of apps that are on no relay. */
  readonly #own = new Map<string, Home>();

  constructor(startedAt: number, present: OriginPlacementOptions["present"]) {
    this.former = new FormerHosts(startedAt);
    this.#present = present;
  }

  /** The actors block of a sidecar: an option of its runtime. With the way to a relay's coordinator they are placed there. */
  readonly of = (sidecar: Sidecar, instance: string, relay: PlacementLink | undefined): PageActors => {
    const home = relay === undefined ? this.#ownHome(sidecar) : this.#relayHome(sidecar, instance, relay);
    // Its pages may be where an earlier runtime of it was.
    for (const other of this.#homes) if (other !== home) other.made?.dismiss(sidecar.appId);
    this.#homes.add(home);
    return new PageActors(sidecar, home, async () => {
      if (relay === undefined) return;
      await home.made?.close();
      this.#homes.delete(home);
    });
  };

  #ownHome(sidecar: Sidecar): Home {
    const { namespace, platform } = sidecar;
    const known = this.#own.get(namespace);
    if (known !== undefined) return known;
    const home = new Home(() => this.#make(sidecar, new OriginCoordinator(namespace, platform, this.former)));
    this.#own.set(namespace, home);
    return home;
  }

  #relayHome(sidecar: Sidecar, instance: string, relay: PlacementLink): Home {
    const coordinator = () => new RelayCoordinator(relay, instance, sidecar.platform.clock);
    const home = new Home(() => this.#make(sidecar, coordinator(), () => tellApart(sidecar, home.make())));
    return home;
  }

  #make(
    { namespace, platform, core }: Sidecar,
    coordinator: PageCoordinator,
    settled = () => undefined,
  ): OriginPlacement {
    const { former } = this;
    const present = this.#present;
    return new OriginPlacement({ namespace, platform, core, former, coordinator, present, settled });
  }

  /**
   * A page says that it serves, or is back. It hosts actors where it brings a port for them, and none of a time before
   * where it does not.
   */
  async admit(app: App, connection: PageConnection, port: MessagePort | undefined): Promise<void> {
    if (port === undefined) return this.former.arrived(connection.clientId);
    const { actors } = (await app.runtime()).sidecar;
    if (!(actors instanceof PageActors) || !connection.open) return;
    actors.admit(connection, port, {
      turn: async (id, request) =>
        await packageTurn(app.runtime(), request, [PAGE_HEADER, connection.clientId, TURN_HEADER, `${id}`]),
      store: async () => (await app.runtime()).sidecar.components.actorStateStore,
      async counted(counted) {
        const { actors: now } = (await app.runtime()).sidecar;
        if (now instanceof PageActors && now.meter !== undefined) countAll(now.meter, counted);
      },
    });
  }

  left(connection: PageConnection): void {
    for (const { made } of this.#homes) void made?.left(connection);
  }
}

/** Says once that actors move where their state may not follow. */
function tellApart({ appId, once }: Sidecar, placement: OriginPlacement): undefined {
  const own = placement.owners.hosts.filter((host) => host.appId === appId);
  const here = own.filter((host) => placement.here(host));
  if (here.length === 0 || here.length === own.length) return;
  once(
    `actors of ${appId} are hosted elsewhere on the relay, too: where another store is in use there, one that moves finds other state`,
  );
}
