import type { Follower, HostReport, Membership } from "../../host/actors/placement/membership.ts";
import { PlacementClient } from "../../host/actors/placement/placement-client.ts";
import { TabPlacement, type TabPlacementOptions } from "./tab-placement.ts";

/** Takes part in placement with the other tabs of the scope, each of which runs its own runtime. */
export class TabMembership implements Membership {
  readonly name = "tabs";
  readonly #options: TabPlacementOptions;
  #joined: { readonly link: TabPlacement; readonly client: PlacementClient } | undefined;

  constructor(options: TabPlacementOptions) {
    this.#options = options;
  }

  get valid(): boolean {
    return this.#joined?.client.valid ?? false;
  }

  join(report: HostReport, follower: Follower): Promise<void> {
    const link = new TabPlacement(this.#options);
    const client = new PlacementClient(link, this.#options.platform);
    this.#joined = { link, client };
    return client.join(report, follower);
  }

  async report(types: readonly string[]): Promise<void> {
    await this.#joined?.client.report(types);
  }

  rejoin(reason: string): void {
    this.#joined?.client.rejoin(reason);
  }

  async leave(): Promise<void> {
    await this.#joined?.client.leave();
    this.#joined?.link.close();
  }
}
