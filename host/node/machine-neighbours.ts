import type { HostReport, Membership } from "../actors/placement/membership.ts";
import { SoloMembership } from "../actors/placement/solo-membership.ts";
import type { Transport } from "../mesh/transport.ts";
import type { Platform } from "../platform.ts";
import { MachineMembership } from "./machine/machine-membership.ts";
import type { MachineControl } from "./machine/machine-server.ts";
import { ownFolder } from "./machine/runtime-folder.ts";
import { MachineTransport } from "./machine-transport.ts";

/** The user's other sidecars on this machine, as far as they can be found. */
export interface MachineNeighbours {
  readonly transports: readonly Transport[];
  /** How actors are placed among them: alone where there can be none. */
  membership(of: Omit<HostReport, "types">): Membership;
}

/** `folder`: {@link runtimeFolder}; undefined: others are not looked for. */
export function machineNeighbours(
  folder: string | undefined,
  platform: Platform,
  control: MachineControl,
): MachineNeighbours {
  const { clock, log } = platform;
  const nobody = { transports: [], membership: () => new SoloMembership(platform) };
  if (folder === undefined) return nobody;
  if (process.platform === "win32") {
    log.info("sidecars of one machine do not find each other on Windows yet; join them by a relay");
    return nobody;
  }
  try {
    ownFolder(folder);
  } catch (error) {
    log.warn(`other sidecars of this machine are not found: ${(error as Error).message}`);
    return nobody;
  }
  return {
    transports: [new MachineTransport({ folder, clock, log, control })],
    membership: ({ appId, namespace, name }) =>
      new MachineMembership({ folder, platform, appId, namespace, instance: name }),
  };
}
