import type { Socket } from "node:net";
import { CallExchange, type FrameLink } from "../../mesh/call-exchange.ts";
import type { Frame } from "../../mesh/relay-protocol.ts";
import type { Peer, Receiver } from "../../mesh/transport.ts";
import type { Log } from "../../platform.ts";
import { FrameSocket } from "./frame-socket.ts";
import { wholeUpTo } from "./words.ts";

/** The connection over which another sidecar calls this one. */
export class CallerConnection {
  readonly #frames: FrameSocket;

  /** `caller`: as the connection's opening has told it; `head`: what came after that already. */
  constructor(socket: Socket, head: Uint8Array, caller: Peer, receive: Receiver, log: Log) {
    const link: FrameLink = {
      farSide: "the machine's socket",
      wholeUpTo,
      // Either side numbers a call from 1; here, where it is answered, it is negative.
      send: (frame, body) =>
        this.#frames.send("call" in frame ? { ...frame, call: -frame.call } : frame, body),
    };
    const exchange = new CallExchange(() => link, log);
    exchange.receiver = (request) => receive(request, caller);
    this.#frames = new FrameSocket(socket, head, {
      received(frame: Frame, body) {
        if (frame.t === "invoke") {
          const { method, path, query, headers, more } = frame;
          const { appId, namespace } = caller;
          const call = -frame.call;
          exchange.received(
            { t: "request", call, appId, namespace, method, path, query, headers, more },
            body,
          );
        } else if ("call" in frame) exchange.received({ ...frame, call: -frame.call }, body);
      },
      lost: () => exchange.lost(),
    });
  }

  /** Asks the caller to begin no more calls here, and to end the connection with the last one. */
  leave(): void {
    this.#frames.send({ t: "leave" });
  }

  destroy(): void {
    this.#frames.destroy();
  }
}
