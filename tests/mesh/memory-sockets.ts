import type { Relay } from "../../host/mesh/relay.ts";
import type { Clock, Platform, Socket, SocketEvents } from "../../host/platform.ts";
import { webPlatform } from "../../host/web-platform.ts";

export const silent = { debug() {}, info() {}, warn() {}, error() {} };

interface Wire {
  cut(): void;
}

/** Sockets in this process between members and a relay, which can be cut, and a network that can be down. */
export class MemorySockets {
  relay: Relay | undefined;
  /** False: connecting fails. */
  up = true;
  /** True: what the relay sends is lost from here on, until the sockets are cut. */
  deaf = false;
  /** True: what is sent to the relay is lost from here on, until the sockets are cut. */
  mute = false;
  connected = 0;
  readonly #wires = new Set<Wire>();

  constructor(readonly clock: Clock) {}

  platform(): Platform {
    return {
      ...webPlatform(silent),
      clock: this.clock,
      connect: (_url, _protocols, events) => this.#connect(events),
    };
  }

  /** The network is lost: both ends see an abnormal end. */
  cut(): void {
    this.deaf = false;
    this.mute = false;
    for (const wire of [...this.#wires]) wire.cut();
  }

  #connect(member: SocketEvents): Socket {
    const { relay } = this;
    let open = false;
    let over = false;
    let far: SocketEvents | undefined;
    let lost = false;
    const wire: Wire = {
      cut: () => {
        lost = true;
        end(1006, "");
      },
    };
    const end = (code: number, reason: string) => {
      if (over) return;
      over = true;
      this.#wires.delete(wire);
      queueMicrotask(() => {
        far?.closed(code, reason);
        member.closed(code, reason);
      });
    };
    if (!this.up || relay === undefined) {
      queueMicrotask(() => member.closed(1006, "refused"));
      return { send: () => undefined, buffered: 0, close: () => undefined };
    }
    this.#wires.add(wire);
    const near: Socket = {
      send: (data) => {
        if (over || this.deaf) return;
        const copy = typeof data === "string" ? data : data.slice();
        queueMicrotask(() => {
          if (!lost) member.message(copy);
        });
      },
      buffered: 0,
      close: (code = 1000, reason = "") => end(code, reason),
    };
    queueMicrotask(() => {
      if (over) return;
      this.connected++;
      far = relay.accept(near, "192.0.2.1");
      open = true;
      member.open();
    });
    return {
      send: (data) => {
        if (over || !open || this.mute) return;
        const copy = typeof data === "string" ? data : data.slice();
        queueMicrotask(() => {
          if (!lost) far?.message(copy);
        });
      },
      buffered: 0,
      close: (code = 1000, reason = "") => end(code, reason),
    };
  }
}
