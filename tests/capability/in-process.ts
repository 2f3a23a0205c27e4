import type { Confinement } from "../../host/capability/confinement.ts";
import { GuestFault } from "../../host/capability/guest-fault.ts";
import { GuestPort, type Told } from "../../host/capability/guest-port.ts";
import { guestStart } from "../../host/capability/guest-start.ts";
import type { Clock } from "../../host/platform.ts";

function value<T>(told: Told<T>): T {
  if ("value" in told) return told.value;
  throw new GuestFault(told.fault, told.message, told.lines);
}

/** Guests in this process, with the clock of the test: they confine nobody, and are for packages that behave. */
export function inProcess(clock: Clock): Confinement {
  return {
    async open() {
      const port = new GuestPort({
        now: () => clock.now(),
        random: (bytes) => crypto.getRandomValues(bytes),
      });
      return {
        async start(program, limits) {
          value(await port.start(guestStart(program, limits, "module")));
        },
        call: async (entry, message, checks) => value(port.call(entry, message, checks)),
        end() {},
      };
    },
    close: async () => undefined,
  };
}
