import type { Follower } from "./membership.ts";
import { lock, phaseOf, readTables, type ToMember, update, versionOf } from "./placement-messages.ts";

/** Takes a follower through one step; resolves when it has taken it. */
export async function takeStep(
  follower: Follower,
  { step, term, tables }: ToMember & { t: "step" },
): Promise<void> {
  const version = versionOf(step);
  const phase = phaseOf(step);
  if (phase === lock) await follower.lock(version);
  else if (phase === update && tables !== undefined) await follower.update(readTables(tables, version, term));
  else await follower.unlock(version);
}
