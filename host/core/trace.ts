import type { Core } from "./core.ts";
import type { CoreExports } from "./exports.ts";
import type { Inbox } from "./inbox.ts";

/** Longer than any parent that a later version could send; what is longer is not one. */
const longest = 512;

/** Binds the trace context of one instance. */
export function traces(core: CoreExports, inbox: Inbox): Pick<Core, "traceparent"> {
  return {
    traceparent(parent: string | undefined, random: Uint8Array): string {
      if (random.length !== 24) throw new RangeError("a trace context needs 24 random bytes");
      const text = parent === undefined || parent.length > longest ? "" : parent;
      const length = inbox.text(text);
      inbox.put(random, length);
      return inbox.decode(inbox.outbox, core.traceparent(length));
    },
  };
}
