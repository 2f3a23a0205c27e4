import type { Core, Placement } from "./core.ts";
import { instantiate } from "./exports.ts";
import { Inbox } from "./inbox.ts";

const encoder = new TextEncoder();

/** Points that a ring can hold: beyond it, their number would not be the same in the core. */
const maxPoints = 2 ** 26;

/**
 * Placement tables. Each lives in an instance of its own, whose memory is the table: it is freed with it, and the
 * instance that answers requests keeps the memory it began with.
 */
export function placements(module: WebAssembly.Module): Pick<Core, "ring" | "rendezvous"> {
  return {
    ring(hosts: readonly string[], replicas: number): Placement {
      if (!Number.isInteger(replicas) || replicas < 1)
        throw new RangeError("replicas must be a positive integer");
      const core = instantiate(module);
      const points = hosts.length * replicas;
      if (points > maxPoints || !core.ring(points)) throw new RangeError("the ring does not fit into memory");
      // Growing detached the views: these are taken after it.
      const inbox = new Inbox(core);
      for (const [name, index] of byName(hosts)) {
        const length = inbox.text(name);
        if (length < 0 || !core.host(length, index, replicas)) throw tooLong("host's name");
      }
      core.seal();
      return table(inbox, core.owner);
    },

    rendezvous(hosts: readonly string[]): Placement {
      const core = instantiate(module);
      let bytes = 0;
      for (const name of hosts) bytes += encoder.encode(name).length;
      if (!core.peers(hosts.length, bytes)) throw new RangeError("the hosts do not fit into memory");
      const inbox = new Inbox(core);
      for (const [name, index] of byName(hosts)) {
        const length = inbox.text(name);
        if (length < 0) throw tooLong("host's name");
        core.peer(length, index);
      }
      return table(inbox, core.preferred);
    },
  };
}

/** Hosts with their index, the smallest name first: it wins where two claim the same place. */
function byName(hosts: readonly string[]): [name: string, index: number][] {
  return hosts
    .map((name, index): [string, number] => [name, index])
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function table(inbox: Inbox, find: (length: number) => number): Placement {
  return {
    owner(actorId: string): number {
      const length = inbox.text(actorId);
      if (length < 0) throw tooLong("actor's id");
      return find(length);
    },
  };
}

function tooLong(what: string): RangeError {
  return new RangeError(`the ${what} is longer than 64 KiB`);
}
