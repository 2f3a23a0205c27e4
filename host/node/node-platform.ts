import { randomFillSync, randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { Clock, Log, Platform, Socket, SocketEvents } from "../platform.ts";
import { systemClock } from "../web-platform.ts";

/** The platform of Node. WebSockets are `ws`, loaded with the first connection. */
export function nodePlatform(log: Log, clock: Clock = systemClock): Platform {
  return {
    clock,
    log,
    random: (bytes) => randomFillSync(bytes),
    uuid: () => randomUUID(),
    shared: (signal) => setMaxListeners(0, signal),
    fetch: (input, init) => globalThis.fetch(input, init),
    secure: async (origin, tls) => (await import("./secure-connections.ts")).secureConnections(origin, tls),
    connect,
  };
}

function connect(url: string, protocols: readonly string[], events: SocketEvents): Socket {
  let socket: import("ws").WebSocket | undefined;
  let closed: { code: number | undefined; reason: string | undefined } | undefined;
  import("ws").then(
    ({ WebSocket }) => {
      if (closed !== undefined) return events.closed(closed.code ?? 1000, closed.reason ?? "");
      socket = new WebSocket(url, [...protocols], { perMessageDeflate: false, handshakeTimeout: 10_000 });
      socket.on("open", () => events.open());
      socket.on("message", (data: Buffer | ArrayBuffer | Buffer[], binary: boolean) => {
        const buffer = Array.isArray(data) ? Buffer.concat(data) : data;
        if (!binary) return events.message(buffer.toString());
        events.message(
          buffer instanceof ArrayBuffer
            ? new Uint8Array(buffer)
            : new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength),
        );
      });
      // `close` follows every error: it alone reports the end.
      socket.on("error", () => undefined);
      socket.on("close", (code, reason) => events.closed(code, reason.toString()));
    },
    (error: unknown) => events.closed(1006, error instanceof Error ? error.message : "ws cannot be loaded"),
  );
  return {
    send(data) {
      if (socket?.readyState === 1) socket.send(data);
    },
    get buffered() {
      return socket?.bufferedAmount ?? 0;
    },
    close(code, reason) {
      closed = { code, reason };
      socket?.close(code, reason);
    },
  };
}
