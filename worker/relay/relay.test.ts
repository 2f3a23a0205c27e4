import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { FakeClock } from "../../host/fake-clock.ts";
import type { Socket, SocketEvents } from "../../host/platform.ts";
import { HeldSockets, hostRelay } from "./host-relay.ts";
import { RelayHolder } from "./relay-holder.ts";
import { RelayLink } from "./relay-link.ts";
import { RELAY_PORT } from "./relay-port.ts";

/** Unlike the browser's, the sockets of ws throw errors that nobody listens for. */
class BrowserLikeSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols);
    this.on("error", () => undefined);
  }
}

/** Keeps what a socket says. */
class Recorder implements SocketEvents {
  readonly said: string[] = [];
  readonly messages: (string | Uint8Array)[] = [];

  open(): void {
    this.said.push("open");
  }
  message(data: string | Uint8Array): void {
    this.messages.push(data);
  }
  closed(code: number, reason: string): void {
    this.said.push(`closed ${code}${reason === "" ? "" : ` ${reason}`}`);
  }

  async until(saying: string): Promise<void> {
    await vi.waitFor(() => expect(this.said).toContain(saying), 5_000);
  }
}

describe("a service worker's sockets", () => {
  let server: WebSocketServer;
  let url: string;
  let clock: FakeClock;
  let wanted: number;
  let link: RelayLink;
  const held: HeldSockets[] = [];

  /** A page brings a port, as after its election. */
  function bring(): void {
    const { port1, port2 } = new MessageChannel();
    held.push(new HeldSockets(port1));
    link.adopt(port2);
  }

  function connect(to = url): { socket: Socket; events: Recorder } {
    const events = new Recorder();
    return { socket: link.connect(to, ["echo"], events), events };
  }

  beforeEach(async () => {
    vi.stubGlobal("WebSocket", BrowserLikeSocket);
    server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "echo" });
    await new Promise((resolve) => server.once("listening", resolve));
    url = `ws://127.0.0.1:${(server.address() as { port: number }).port}`;
    server.on("connection", (socket) => {
      socket.on("message", (data, binary) => {
        if (!binary && String(data) === "leave") socket.close(4001, "as told");
        else socket.send(data, { binary });
      });
    });
    clock = new FakeClock();
    wanted = 0;
    link = new RelayLink(clock, () => void wanted++);
  });

  afterEach(async () => {
    link.close();
    for (const sockets of held.splice(0)) sockets.close();
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => server.close(resolve));
    vi.unstubAllGlobals();
  });

  it("carry text and bytes both ways, and the sender keeps its array", async () => {
    bring();
    const { socket, events } = connect();
    await events.until("open");
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
    const part = bytes.subarray(10, 20);
    socket.send("grün");
    socket.send(bytes);
    socket.send(part);
    await vi.waitFor(() => expect(events.messages).toHaveLength(3));
    expect(events.messages[0]).toBe("grün");
    expect(events.messages[1]).toEqual(bytes);
    expect(events.messages[2]).toEqual(Uint8Array.from([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]));
    expect(part.byteLength).toBe(10);
  });

  it("tell of back-pressure until the network has taken all", async () => {
    bring();
    const { socket, events } = connect();
    await events.until("open");
    socket.send(new Uint8Array(3_000_000));
    expect(socket.buffered).toBe(3_000_000);
    await vi.waitFor(() => expect(socket.buffered).toBe(0), 5_000);
  });

  it("refuse to send before they are open, and say nothing to a closed one", async () => {
    bring();
    const { socket, events } = connect();
    expect(() => socket.send("early")).toThrow(/not open yet/);
    await events.until("open");
    socket.close(4000, "enough");
    await events.until("closed 4000 enough");
    socket.send("late");
    expect(events.said).toEqual(["open", "closed 4000 enough"]);
  });

  it("close with the other end's code and reason", async () => {
    bring();
    const { socket, events } = connect();
    await events.until("open");
    socket.send("leave");
    await events.until("closed 4001 as told");
  });

  it("wait for a page to bring the port, ask for it, and give up after ten seconds", async () => {
    const early = connect();
    expect(wanted).toBe(1);
    await clock.advance(5_000);
    bring();
    await early.events.until("open");
    link.close();
    link = new RelayLink(clock, () => void wanted++);
    const vain = connect();
    await clock.advance(10_001);
    expect(vain.events.said).toEqual(["closed 1006 no page of this site is there to hold the connection"]);
    expect(wanted).toBe(2);
  });

  it("can be closed while they wait", async () => {
    const { socket, events } = connect();
    socket.close();
    expect(events.said).toEqual([]);
    await events.until("closed 1000");
    bring();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.clients.size).toBe(0);
  });

  it("end when another page brings a port, and new ones open there", async () => {
    bring();
    const first = connect();
    await first.events.until("open");
    bring();
    expect(first.events.said.at(-1)).toBe("closed 1006 another page holds the connection now");
    const second = connect();
    await second.events.until("open");
  });

  it("end when the holder falls silent, and a new port is asked for", async () => {
    const { port2 } = new MessageChannel();
    link.adopt(port2);
    const { events } = connect();
    await clock.advance(45_000);
    expect(events.said).toEqual(["closed 1006 the page that held the connection is gone"]);
    connect();
    expect(wanted).toBe(1);
  });

  it("stay while the holder answers, though nothing is said", async () => {
    bring();
    const { events } = connect();
    await events.until("open");
    for (let i = 0; i < 20; i++) {
      await clock.advance(5_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(events.said).toEqual(["open"]);
  });

  it("end with the reason where the address cannot be opened", async () => {
    bring();
    const nobody = connect("ws://127.0.0.1:9");
    await vi.waitFor(() => expect(nobody.events.said[0]).toMatch(/^closed 1006/), 5_000);
    const wrong = connect("http//nothing");
    await vi.waitFor(() => expect(wrong.events.said[0]).toMatch(/^closed 1006 ./));
  });
});

describe("the dedicated worker", () => {
  it("closes the sockets of a service worker that was replaced", () => {
    const scope = new EventTarget() as EventTarget & DedicatedWorkerGlobalScope;
    hostRelay(scope);
    const closed: string[] = [];
    const start = (name: string) => {
      const { port1 } = new MessageChannel();
      const close = port1.close.bind(port1);
      port1.close = () => {
        closed.push(name);
        close();
      };
      const event = new Event("message");
      scope.dispatchEvent(Object.assign(event, { data: { type: RELAY_PORT }, ports: [port1] }));
      return close;
    };
    const ends = [start("first"), start("second")];
    expect(closed).toEqual(["first"]);
    for (const end of ends) end();
  });
});

/** The browser's Web Locks, of one name: first come, first served. */
class Locks {
  readonly #queue: (() => Promise<void>)[] = [];
  #busy = false;

  request(_name: string, { signal }: { signal: AbortSignal }, hold: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      this.#queue.push(() => (signal.aborted ? Promise.resolve() : hold().then(resolve)));
      void this.#next();
    });
  }

  async #next(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) await next();
    this.#busy = false;
  }
}

describe("the election", () => {
  class FakeWorker {
    onerror: ((event: Event) => void) | undefined;
    terminated = false;
    readonly ports: MessagePort[] = [];
    postMessage(_message: unknown, [port]: MessagePort[]): void {
      if (port !== undefined) this.ports.push(port);
    }
    terminate(): void {
      this.terminated = true;
      for (const port of this.ports) port.close();
    }
  }

  function candidate(locks: Locks) {
    const workers: FakeWorker[] = [];
    const delivered: MessagePort[] = [];
    const failures: string[] = [];
    const holder = new RelayHolder({
      locks: locks as unknown as LockManager,
      name: "relay",
      start: () => {
        const worker = new FakeWorker();
        workers.push(worker);
        return worker as unknown as Worker;
      },
      deliver: (port) => {
        delivered.push(port);
        port.close();
      },
      failed: (reason) => failures.push(reason),
    });
    return { holder, workers, delivered, failures };
  }

  const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

  it("lets one page hold the sockets, and the next when it closes", async () => {
    const locks = new Locks();
    const [a, b] = [candidate(locks), candidate(locks)];
    a.holder.offer();
    b.holder.offer();
    b.holder.offer();
    await turn();
    expect([a.delivered.length, b.delivered.length]).toEqual([1, 0]);
    a.holder.close();
    await turn();
    expect(a.workers[0]?.terminated).toBe(true);
    expect([a.delivered.length, b.delivered.length]).toEqual([1, 1]);
    b.holder.close();
  });

  it("brings a new port from the same worker when the service worker is new", async () => {
    const page = candidate(new Locks());
    page.holder.offer();
    await turn();
    page.holder.offer();
    expect(page.workers).toHaveLength(1);
    expect(page.delivered).toHaveLength(2);
    page.holder.close();
  });

  it("passes on when the dedicated worker cannot run", async () => {
    const locks = new Locks();
    const [a, b] = [candidate(locks), candidate(locks)];
    a.holder.offer();
    b.holder.offer();
    await turn();
    a.workers[0]?.onerror?.(Object.assign(new Event("error", { cancelable: true }), { message: "404" }));
    await turn();
    expect(a.failures).toEqual(["404"]);
    expect(b.delivered).toHaveLength(1);
    b.holder.close();
  });
});
