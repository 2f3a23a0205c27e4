import type { Abortable } from "../abortable.ts";
import type { RuntimeResponse } from "../http.ts";
import { UnavailableError } from "../mesh/transport.ts";
import type { Clock } from "../platform.ts";
import type { Resiliency } from "../resiliency/resiliency.ts";
import { isMoved } from "./actors.ts";
import { NotOwnedError } from "./hosted-actors.ts";
import type { TableHost } from "./placement/membership.ts";
import type { Owners } from "./placement/owners.ts";

/** Nobody hosts actors of the type. */
export class NoAddressError extends Error {
  constructor(type: string, id: string) {
    super(`did not find address for actor '${type}||${id}'`);
    this.name = "NoAddressError";
  }
}

export interface OwnerSearch {
  readonly owners: Owners;
  readonly clock: Clock;
  readonly resiliency: Resiliency;
}

/**
 * Runs `attempt` with the actor's owner. An owner that has just lost it (it throws NotOwnedError, or answers {@link moved}), or
 * cannot be reached, is looked up anew, as often as Dapr's built-in policy says; what may have reached an actor is not sent
 * again.
 */
export async function atOwner(
  { owners, clock, resiliency }: OwnerSearch,
  type: string,
  id: string,
  caller: Abortable | undefined,
  attempt: (owner: TableHost, version: number) => Promise<RuntimeResponse>,
): Promise<RuntimeResponse> {
  const began = clock.now();
  for (let failures = 1; ; failures++) {
    let failure: Error;
    try {
      const now = owners.now(type, id);
      const owner = now === "later" ? await owners.find(type, id, caller) : now;
      if (owner === undefined) throw new NoAddressError(type, id);
      const answer = await attempt(owner, owners.version);
      if (!isMoved(answer)) return answer;
      failure = new NotOwnedError(type, id);
    } catch (error) {
      if (!passes(error)) throw error;
      failure = error;
    }
    const waits = resiliency.builtIn("DaprBuiltInActorNotFoundRetries");
    const wait = waits(failures, clock.now() - began);
    if (wait === undefined) throw failure;
    await owners.change(wait, caller);
  }
}

/** Whether the actor may be found at another place by the next attempt, and this one did not reach it. */
function passes(error: unknown): error is Error {
  if (error instanceof NotOwnedError || error instanceof NoAddressError) return true;
  return error instanceof UnavailableError && !error.sent;
}
