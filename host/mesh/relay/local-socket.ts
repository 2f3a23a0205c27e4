import type { Socket, SocketEvents } from "../../platform.ts";
import type { Relay } from "../relay.ts";

/** A socket to a relay in this very process: what one end sends, the other receives in a later microtask, in order. */
export function connectLocally(relay: Relay, member: SocketEvents): Socket {
  let far: SocketEvents | undefined;
  let over = false;
  const close = (code = 1000, reason = "") => {
    if (over) return;
    over = true;
    queueMicrotask(() => {
      far?.closed(code, reason);
      member.closed(code, reason);
    });
  };
  const end = (to: () => SocketEvents | undefined): Socket => ({
    send(data) {
      // What was sent before the close arrives before it.
      if (!over) queueMicrotask(() => to()?.message(data));
    },
    buffered: 0,
    close,
  });
  queueMicrotask(() => {
    if (over) return;
    far = relay.accept(
      end(() => member),
      undefined,
    );
    member.open();
  });
  return end(() => far);
}
