import { unlink } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { isNameOf, type PlacementSender } from "../../actors/placement/placement-seat.ts";
import { PlacementService } from "../../actors/placement/placement-service.ts";
import { type PlacementTimes, placementTimes } from "../../actors/placement/placement-times.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { decodeRecord, encodeRecord } from "../../mesh/placement-record.ts";
import type { Clock, Log } from "../../platform.ts";
import { FrameSocket } from "./frame-socket.ts";
import { coordinatorPath, hasEnded, listen, placementSockets } from "./placement-sockets.ts";

export interface MachineCoordinatorOptions {
  /** Of the namespace. */
  readonly folder: string;
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly times?: PlacementTimes | undefined;
}

/** What a member says first. */
export interface MachineHello {
  readonly appId: string;
  readonly instance: string;
  readonly lifeline: string;
}

interface Connection {
  readonly frames: FrameSocket;
  hello?: MachineHello;
  sender?: PlacementSender;
  /** Who spoke by it last. */
  key?: string;
  incarnation?: number;
}

/** How long the coordinator believes what it saw, that there is none after it. */
const mandateMs = 500;
const probeMs = 200;
const nothing = () => undefined;

/**
 * The coordinator of a namespace's members on this machine, in the process of one of them.
 *
 * Who binds `placement.<term>` is the coordinator of that term, and the greatest term rules: who finds a coordinator
 * ended or silent binds the next one. No name is bound twice, so nothing stale is ever in the way, and nothing has to
 * be removed for the next one to begin; two that begin at a time have different terms.
 *
 * A coordinator that stood still must not go on once there is another one. So it does nothing at all, be it by a
 * message or by its clock, unless it has looked within {@link mandateMs} and found no greater term; and it takes in no
 * member without a look after that one's message. The leases that it gives are over, then, within `mandateMs` and a
 * lease of the next one's beginning, which hands out no table before `takeOverMs` have passed, unless it knows better:
 * every member keeps a {@link Lifeline} from before it first joins. When each of those has joined or ended, there is
 * nobody else.
 */
export class MachineCoordinator {
  readonly term: number;
  readonly #options: MachineCoordinatorOptions;
  readonly #server = createServer((socket) => this.#accept(socket));
  readonly #service: PlacementService;
  readonly #connections = new Set<Connection>();
  /** The lifelines of those who may work by the table of a coordinator before. */
  readonly #unknown = new Set<string>();
  /** What it is about to do, in order; `anew`: not without another look. */
  readonly #work: { readonly anew: boolean; run(): void }[] = [];
  readonly #timers = new Set<() => void>();
  #working = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #over = false;

  /** Undefined when another one came first. */
  static async begin(
    term: number,
    options: MachineCoordinatorOptions,
  ): Promise<MachineCoordinator | undefined> {
    const coordinator = new MachineCoordinator(term, options);
    try {
      await listen(coordinator.#server, coordinatorPath(options.folder, term));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return undefined;
      throw error;
    }
    await coordinator.#takeStock();
    return coordinator.#over ? undefined : coordinator;
  }

  private constructor(term: number, options: MachineCoordinatorOptions) {
    this.term = term;
    this.#options = options;
    const { clock, log, namespace } = options;
    const times = options.times ?? placementTimes;
    const mandated: Clock = {
      now: () => clock.now(),
      monotonic: () => this.#now,
      after: (ms, task) => this.#after(ms, () => this.#do(task)),
    };
    const unknownMs = times.takeOverMs;
    this.#service = new PlacementService({ clock: mandated, log, namespace, term, unknownMs, times });
  }

  /** Others take over. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    for (const cancel of this.#timers) cancel();
    this.#service.close();
    this.#server.close();
    for (const { frames } of this.#connections) frames.end();
  }

  get #now(): number {
    const { clock } = this.#options;
    return clock.monotonic?.() ?? clock.now();
  }

  #after(ms: number, task: () => void): () => void {
    const cancel = this.#options.clock.after(ms, () => {
      this.#timers.delete(cancel);
      if (!this.#over) task();
    });
    this.#timers.add(cancel);
    return () => {
      this.#timers.delete(cancel);
      cancel();
    };
  }

  /** Who worked under a coordinator before, and what dead ones have left. */
  async #takeStock(): Promise<void> {
    const { folder } = this.#options;
    const { terms, members } = await placementSockets(folder);
    for (const lifeline of members) this.#unknown.add(lifeline);
    for (const term of terms)
      if (term < this.term) await unlink(coordinatorPath(folder, term)).catch(nothing);
    await this.#probeUnknown();
  }

  async #probeUnknown(): Promise<void> {
    const ended = async (lifeline: string) => {
      if (await hasEnded(this.#options.folder, lifeline)) this.#know(lifeline);
    };
    await Promise.all([...this.#unknown].map(ended));
    if (this.#unknown.size > 0 && !this.#over) this.#after(probeMs, () => void this.#probeUnknown());
  }

  #know(lifeline: string): void {
    if (this.#unknown.delete(lifeline) && this.#unknown.size === 0) this.#do(() => this.#service.allKnown());
  }

  /** Looks whether there is a greater term, unless it has just looked, and only then does it. */
  #do(run: () => void, anew = false): void {
    this.#work.push({ anew, run });
    if (this.#working) return;
    this.#working = true;
    this.#workOff()
      .catch((error: unknown) => {
        this.#options.log.warn("this process coordinates placement no more", { cause: reasonOf(error) });
        this.close();
      })
      .finally(() => {
        this.#working = false;
      });
  }

  async #workOff(): Promise<void> {
    for (let next = this.#work.shift(); next !== undefined && !this.#over; next = this.#work.shift()) {
      if (next.anew || this.#now - this.#lookedAt >= mandateMs) {
        const before = this.#now;
        const { terms } = await placementSockets(this.#options.folder);
        if (terms.at(-1) !== this.term) throw new Error("another process does");
        this.#lookedAt = before;
      }
      // The look may have been long ago by now: who was paused meanwhile looks again.
      if (this.#now - this.#lookedAt >= mandateMs) this.#work.unshift(next);
      else if (!this.#over) next.run();
    }
  }

  #accept(socket: Socket): void {
    const connection: Connection = {
      frames: new FrameSocket(socket, new Uint8Array(0), {
        received: (frame, body) => {
          if (frame.t === "placement") this.#received(connection, decodeRecord(body));
        },
        lost: () => {
          this.#connections.delete(connection);
          void this.#mayHaveEnded(connection);
        },
      }),
    };
    this.#connections.add(connection);
  }

  #received(connection: Connection, record: unknown): void {
    if (connection.hello === undefined) {
      this.#hello(connection, record);
      return;
    }
    const { sender, hello } = connection;
    const { t, key, incarnation } = (record ?? {}) as Record<string, unknown>;
    if (sender === undefined || typeof key !== "string" || typeof incarnation !== "number") return;
    connection.key = key;
    connection.incarnation = incarnation;
    this.#do(() => {
      this.#service.receive(sender, record);
      if (this.#service.knows(key)) this.#know(hello.lifeline);
    }, t === "join");
  }

  /** Answered under the mandate: who hears of it does not look for another one. */
  #hello(connection: Connection, record: unknown): void {
    const { appId, instance, lifeline } = (record ?? {}) as Record<string, unknown>;
    if (typeof appId !== "string" || typeof instance !== "string" || typeof lifeline !== "string") {
      connection.frames.destroy();
      return;
    }
    connection.hello = { appId, instance, lifeline };
    connection.sender = {
      appId,
      mayBe: (name) => isNameOf(instance, name),
      send: (message) => connection.frames.send({ t: "placement" }, encodeRecord(message)),
    };
    this.#do(() => connection.frames.send({ t: "placement" }, encodeRecord({ term: this.term })), true);
  }

  /** Its connection was lost; where its process has ended, others need not wait for its lease. */
  async #mayHaveEnded({ hello, key, incarnation }: Connection): Promise<void> {
    if (hello === undefined || key === undefined || incarnation === undefined) return;
    for (let look = 0; look < 3 && !this.#over; look++) {
      if (await hasEnded(this.#options.folder, hello.lifeline)) {
        this.#do(() => this.#service.ended(key, incarnation));
        return;
      }
      // What belonged to a process is not closed all at once.
      await new Promise<void>((resolve) => this.#after(probeMs, resolve));
    }
  }
}
