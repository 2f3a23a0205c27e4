import { createRequire } from "node:module";
import type { Pool } from "undici";

/**
 * A pool of connections. Only this part of undici is loaded, and with the first pool: all of it takes longer to load
 * than a sidecar to start.
 */
export function openPool(origin: string, options: Pool.Options): Pool {
  const load = createRequire(import.meta.url);
  const Own = load("undici/lib/dispatcher/pool.js") as typeof Pool;
  return new Own(origin, options);
}
