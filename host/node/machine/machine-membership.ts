import { join } from "node:path";
import type { Follower, HostReport, Membership } from "../../actors/placement/membership.ts";
import { PlacementClient } from "../../actors/placement/placement-client.ts";
import type { Platform } from "../../platform.ts";
import { MachinePlacement } from "./machine-placement.ts";
import { segmentOf } from "./runtime-folder.ts";

/** Takes part in placement with the user's other sidecars on this machine. */
export class MachineMembership implements Membership {
  readonly #link: MachinePlacement;
  readonly #client: PlacementClient;

  constructor(folder: string, report: Omit<HostReport, "types">, platform: Platform) {
    const { namespace, appId, name: instance } = report;
    const place = join(folder, ".placement", segmentOf(namespace));
    this.#link = new MachinePlacement(place, namespace, { appId, instance }, platform);
    this.#client = new PlacementClient(this.#link, platform);
  }

  get name(): string {
    return this.#link.name;
  }

  get valid(): boolean {
    return this.#client.valid;
  }

  join(report: HostReport, follower: Follower): Promise<void> {
    return this.#client.join(report, follower);
  }

  report(types: readonly string[]): Promise<void> {
    return this.#client.report(types);
  }

  async leave(): Promise<void> {
    await this.#client.leave();
    await this.#link.close();
  }
}
