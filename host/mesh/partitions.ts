import type { Core } from "../core/core.ts";
import { LruMap } from "../resiliency/lru-map.ts";
import type { Place } from "./mesh.ts";

/** Sets of instances whose ring is kept. */
const kept = 16;
/** As of actors, so a partition is where an actor of its name would be among the same instances. */
const replicas = 100;

/**
 * Partitions of a service by the placement of actors: a partition goes to the same instance from every caller that sees the
 * same ones, and only those of an instance that comes or goes move.
 */
export function partitions(core: Core): Place {
  const rings = new LruMap<{ readonly owner: (key: string) => number }>(kept);
  return (ids, key) => {
    const sorted = [...ids].sort();
    const ring = rings.get(sorted.join(), () => core.ring(sorted, replicas));
    return ids.indexOf(sorted[ring.owner(key)] as string);
  };
}
