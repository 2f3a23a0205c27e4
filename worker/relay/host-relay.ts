import { type FromHolder, RELAY_PORT, sizeOf, type ToHolder } from "./relay-port.ts";

/** How often a socket that is behind is looked at. */
const DRAIN_MS = 20;

/**
 * Makes a dedicated worker the holder of a service worker's sockets: a service worker is ended when it is idle, and
 * its sockets with it. It serves one port at a time; with the next one, of a new service worker, the sockets of the
 * one before are closed.
 */
export function hostRelay(worker: DedicatedWorkerGlobalScope): void {
  let held: HeldSockets | undefined;
  worker.addEventListener("message", ({ data, ports: [port] }) => {
    if (data?.type !== RELAY_PORT || port === undefined) return;
    held?.close();
    held = new HeldSockets(port);
  });
}

/** The sockets that one port has opened. */
export class HeldSockets {
  readonly #port: MessagePort;
  readonly #sockets = new Map<number, HeldSocket>();

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data }) => this.#receive(data as ToHolder);
  }

  close(): void {
    this.#port.onmessage = null;
    this.#port.close();
    for (const socket of this.#sockets.values()) socket.close(1001, "the service worker was replaced");
    this.#sockets.clear();
  }

  #receive(message: ToHolder): void {
    switch (message.type) {
      case "ping":
        this.#say({ type: "pong" });
        break;
      case "open":
        this.#open(message.id, message.url, message.protocols);
        break;
      case "send":
        this.#sockets.get(message.id)?.send(message.data);
        break;
      case "close":
        this.#sockets.get(message.id)?.close(message.code, message.reason);
    }
  }

  #open(id: number, url: string, protocols: readonly string[]): void {
    const ended = (code: number, reason: string) => {
      this.#sockets.delete(id);
      this.#say({ type: "closed", id, code, reason });
    };
    try {
      const say = (message: FromHolder, transfer?: Transferable[]) => this.#say(message, transfer);
      this.#sockets.set(id, new HeldSocket(id, new WebSocket(url, [...protocols]), say, ended));
    } catch (error) {
      // The address itself is wrong, or the page's security policy forbids it.
      ended(1006, error instanceof Error || error instanceof DOMException ? error.message : String(error));
    }
  }

  #say(message: FromHolder, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}

class HeldSocket {
  readonly #id: number;
  readonly #socket: WebSocket;
  readonly #say: (message: FromHolder, transfer?: Transferable[]) => void;
  /** Taken over and not yet reported as drained. */
  #behind = 0;
  #looking = false;

  constructor(
    id: number,
    socket: WebSocket,
    say: (message: FromHolder, transfer?: Transferable[]) => void,
    ended: (code: number, reason: string) => void,
  ) {
    this.#id = id;
    this.#socket = socket;
    this.#say = say;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => say({ type: "opened", id });
    socket.onmessage = ({ data }) => {
      say({ type: "message", id, data }, typeof data === "string" ? [] : [data as ArrayBuffer]);
    };
    socket.onclose = ({ code, reason }) => ended(code, reason);
  }

  send(data: string | ArrayBuffer): void {
    this.#socket.send(data);
    this.#behind += sizeOf(data);
    this.#drained();
  }

  close(code: number | undefined, reason: string | undefined): void {
    try {
      // 1000 and 3000 to 4999 are all that the platform takes from a script.
      if (code === undefined || (code !== 1000 && (code < 3000 || code > 4999))) this.#socket.close();
      else this.#socket.close(code, reason);
    } catch {
      this.#socket.close();
    }
  }

  /** A WebSocket says nothing when it has drained, so it is asked while it is behind. */
  #drained(): void {
    const left = Math.min(this.#behind, this.#socket.bufferedAmount);
    if (left < this.#behind) {
      this.#say({ type: "drained", id: this.#id, size: this.#behind - left });
      this.#behind = left;
    }
    if (left === 0 || this.#looking || this.#socket.readyState > WebSocket.OPEN) return;
    this.#looking = true;
    setTimeout(() => {
      this.#looking = false;
      this.#drained();
    }, DRAIN_MS);
  }
}
