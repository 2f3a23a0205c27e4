import type { Clock, Platform, Socket, SocketEvents } from "../../host/platform.ts";
import { type FromHolder, sizeOf, type ToHolder } from "./relay-port.ts";

/** How long an opening waits for a page to bring the port. */
const PORT_MS = 10_000;
const PING_MS = 5_000;
/** What an abnormal end is called by the WebSocket protocol. */
const ABNORMAL = 1006;
const GONE = "the page that held the connection is gone";

/**
 * The service worker's sockets. They live in a dedicated worker that an elected page owns, at the other end of a port
 * that the page brings. When another page brings one, or the holder falls silent, all sockets are closed, and whoever
 * uses them opens new ones.
 */
export class RelayLink {
  readonly #clock: Clock;
  readonly #wanted: () => void;
  readonly #sockets = new Map<number, LinkedSocket>();
  #port: MessagePort | undefined;
  #ids = 0;
  #cancelPing: (() => void) | undefined;
  /** Pings without a word from the holder since. */
  #silent = 0;

  /** `wanted` is called when a socket is wanted and no page has brought a port. */
  constructor(clock: Clock, wanted: () => void) {
    this.#clock = clock;
    this.#wanted = wanted;
  }

  /** Of {@link Platform}. */
  readonly connect: Platform["connect"] = (url, protocols, events) => {
    const id = ++this.#ids;
    const socket = new LinkedSocket(id, events, (message, transfer) => this.#say(message, transfer));
    this.#sockets.set(id, socket);
    const cancel = this.#clock.after(PORT_MS, () =>
      this.#end(id, ABNORMAL, "no page of this site is there to hold the connection"),
    );
    socket.pending = () => {
      cancel();
      socket.pending = undefined;
      this.#say({ type: "open", id, url, protocols });
    };
    socket.dropped = () => {
      cancel();
      this.#end(id, 1000, "");
    };
    if (this.#port === undefined) this.#wanted();
    else this.#begin();
    return socket;
  };

  /** Takes the port that leads to the holder of sockets; those of an earlier one are closed. */
  adopt(port: MessagePort): void {
    this.#lose("another page holds the connection now");
    this.#port = port;
    port.onmessage = ({ data }) => this.#receive(data as FromHolder);
    // Where browsers tell of the end of a port, this is sooner than silence.
    port.addEventListener("close", () => {
      if (this.#port === port) this.#lose(GONE);
    });
    this.#begin();
  }

  /** Closes every socket. */
  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#lose("the service worker ends");
  }

  #begin(): void {
    for (const { pending } of this.#sockets.values()) pending?.();
    this.#pingLater();
  }

  #receive(message: FromHolder): void {
    this.#silent = 0;
    if (message.type === "pong") return;
    const socket = this.#sockets.get(message.id);
    if (message.type === "closed") this.#end(message.id, message.code, message.reason);
    else socket?.receive(message);
  }

  #pingLater(): void {
    if (this.#cancelPing !== undefined || this.#port === undefined || this.#sockets.size === 0) return;
    this.#cancelPing = this.#clock.after(PING_MS, () => {
      this.#cancelPing = undefined;
      if (this.#sockets.size === 0) return;
      if (this.#silent++ >= 2) {
        this.#lose(GONE);
        return;
      }
      this.#say({ type: "ping" });
      this.#pingLater();
    });
  }

  /** Closes what was opened on the port; what still waits for one goes on waiting. */
  #lose(reason: string): void {
    const port = this.#port;
    if (port === undefined) return;
    port.onmessage = null;
    port.close();
    this.#port = undefined;
    this.#silent = 0;
    this.#cancelPing?.();
    this.#cancelPing = undefined;
    for (const [id, { pending }] of this.#sockets) if (pending === undefined) this.#end(id, ABNORMAL, reason);
  }

  #end(id: number, code: number, reason: string): void {
    const socket = this.#sockets.get(id);
    this.#sockets.delete(id);
    socket?.end(code, reason);
  }

  #say(message: ToHolder, transfer: Transferable[] = []): void {
    this.#port?.postMessage(message, transfer);
  }
}

class LinkedSocket implements Socket {
  /** While no port has been there for it: opens it. */
  pending: (() => void) | undefined;
  /** Ends it while it is pending. */
  dropped: (() => void) | undefined;
  readonly #id: number;
  readonly #events: SocketEvents;
  readonly #say: (message: ToHolder, transfer?: Transferable[]) => void;
  #state: "connecting" | "open" | "closed" = "connecting";
  #buffered = 0;

  constructor(id: number, events: SocketEvents, say: (message: ToHolder, transfer?: Transferable[]) => void) {
    this.#id = id;
    this.#events = events;
    this.#say = say;
  }

  get buffered(): number {
    return this.#buffered;
  }

  send(data: string | Uint8Array): void {
    if (this.#state === "connecting") throw new Error("the socket is not open yet");
    if (this.#state === "closed") return;
    this.#buffered += sizeOf(data);
    if (typeof data === "string") {
      this.#say({ type: "send", id: this.#id, data });
    } else {
      // The sender keeps its array, so a copy is what is transferred.
      const copy = data.slice().buffer as ArrayBuffer;
      this.#say({ type: "send", id: this.#id, data: copy }, [copy]);
    }
  }

  close(code?: number, reason?: string): void {
    if (this.#state === "closed") return;
    if (this.pending === undefined) this.#say({ type: "close", id: this.#id, code, reason });
    // Never within the call: who closes is not done yet.
    else queueMicrotask(() => this.dropped?.());
  }

  receive(message: Exclude<FromHolder, { readonly type: "closed" | "pong" }>): void {
    if (message.type === "opened") {
      this.#state = "open";
      this.#events.open();
    } else if (message.type === "drained") {
      this.#buffered = Math.max(0, this.#buffered - message.size);
    } else {
      const { data } = message;
      this.#events.message(typeof data === "string" ? data : new Uint8Array(data));
    }
  }

  end(code: number, reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.pending = undefined;
    this.#events.closed(code, reason);
  }
}
