import type { PlacementScheme, PlacementTables } from "./membership.ts";

/** Points of each host on a ring; the placement service's default, and every instance must have the same. */
export const replicas = 100;

/** As Dapr's placement service tells who hosts what, with what one has to know besides to find owners and to call them. */
export interface PlacementState {
  readonly hostList: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly appId: string;
    readonly actorTypes: readonly string[];
    readonly address?: string;
    /** Nanoseconds since the epoch, where they are known. */
    readonly updatedAt?: number;
  }[];
  /** Left out: `ring`. */
  readonly scheme?: "rendezvous";
  /** Points of each host on the ring. */
  readonly replicationFactor: number;
  readonly tableVersion: number;
}

/** How owners are found, for those who find them by themselves. */
export const placementScheme = (
  scheme: PlacementScheme | undefined,
): Pick<PlacementState, "scheme" | "replicationFactor"> => ({
  ...(scheme === "rendezvous" && { scheme }),
  replicationFactor: replicas,
});

/** What an instance's own tables say; undefined: it has none yet. */
export function placementState(tables: PlacementTables | undefined, namespace: string): PlacementState {
  const hosts = new Map<string, { readonly appId: string; readonly address?: string; types: string[] }>();
  for (const [type, hosting] of tables?.types ?? []) {
    for (const { name, appId, address } of hosting) {
      const host = hosts.get(name) ?? { appId, ...(address !== undefined && { address }), types: [] };
      hosts.set(name, host);
      host.types.push(type);
    }
  }
  return {
    hostList: Array.from(hosts, ([name, { types, ...host }]) => ({
      name,
      namespace,
      ...host,
      actorTypes: types.sort(),
    })),
    ...placementScheme(tables?.scheme),
    tableVersion: tables?.version ?? 0,
  };
}
