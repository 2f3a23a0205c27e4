import type { FakeBodies } from "./fake-bodies.ts";
import type { FakeHost, Part, Sink } from "./fake-host.ts";

/** What a connection does: what it sends, in which order, and how it takes what it is sent. */
export interface FakeConnection {
  /** The position of an `error-code` instead of a connection. */
  readonly error: number | undefined;
  /** Waits before it is there. */
  readonly after: number;
  readonly sends: readonly Part[];
  readonly sink: Sink;
}

interface Socket {
  readonly connection: FakeConnection;
  left: number;
}

const wouldBlock = 8;

/** TCP of a fake host: the next socket has the next connection. */
export class FakeSockets {
  readonly #host: FakeHost;
  readonly #bodies: FakeBodies;
  connections: readonly FakeConnection[] = [];
  #made = 0;

  constructor(host: FakeHost, bodies: FakeBodies) {
    this.#host = host;
    this.#bodies = bodies;
  }

  functions(): Record<string, unknown> {
    const { resources } = this.#host;
    const tcp = "wasi:sockets/tcp";
    const socket = (self: number) => resources.get<Socket>(self, "tcp-socket");
    return {
      "wasi:sockets/instance-network instance-network": () => resources.open("network", undefined),
      "wasi:sockets/tcp-create-socket create-tcp-socket": (_: number, ret: number) => {
        const connection = this.connections[this.#made++ % this.connections.length] as FakeConnection;
        const made: Socket = { connection, left: connection.after };
        this.#host.memory.result(ret, resources.open("tcp-socket", made));
      },
      [`${tcp} [method]tcp-socket.start-connect`]: (...given: readonly number[]) =>
        this.#host.memory.view.setUint8(given.at(-1) as number, 0),
      [`${tcp} [method]tcp-socket.finish-connect`]: (self: number, ret: number) => {
        const { connection, left } = socket(self);
        const error = left > 0 ? wouldBlock : connection.error;
        this.#host.memory.view.setUint8(ret, error === undefined ? 0 : 1);
        if (error !== undefined) return this.#host.memory.view.setUint8(ret + 4, error);
        this.#host.memory.view.setUint32(ret + 4, this.#bodies.input(connection.sends, self), true);
        this.#host.memory.view.setUint32(ret + 8, this.#bodies.output(connection.sink, self), true);
      },
      [`${tcp} [method]tcp-socket.subscribe`]: (self: number) =>
        resources.open("pollable", { future: socket(self) }, self),
      "wasi:sockets/ip-name-lookup resolve-addresses": (_: number, __: number, ___: number, ret: number) => {
        this.#host.memory.view.setUint8(ret, 1);
        this.#host.memory.view.setUint8(ret + 4, 18);
      },
      "wasi:sockets/ip-name-lookup [method]resolve-address-stream.resolve-next-address": () => undefined,
      "wasi:sockets/ip-name-lookup [method]resolve-address-stream.subscribe": () => 0,
    };
  }
}
