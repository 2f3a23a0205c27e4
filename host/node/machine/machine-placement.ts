import { unlinkSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import type {
  PlacementChannel,
  PlacementLink,
  PlacementLinkEvents,
} from "../../actors/placement/placement-link.ts";
import type { FromMember } from "../../actors/placement/placement-messages.ts";
import type { PlacementSender } from "../../actors/placement/placement-seat.ts";
import { PlacementService } from "../../actors/placement/placement-service.ts";
import { placementTimes } from "../../actors/placement/placement-times.ts";
import type { Platform } from "../../platform.ts";
import { Election } from "./election.ts";
import { LineSocket } from "./line-socket.ts";

/** How long a coordinator may take to greet; one that does not is held up or dead, and another one is elected. */
const greetMs = 1_000;
/** How old a coordinator's knowledge that it is still the one may be when it lets somebody go on working. */
const checkMs = 1_000;
const attempts = 10;

/** This instance, as others know it: the folder is its user's own, so what it says of itself is believed. */
export interface MachineMember {
  readonly appId: string;
  readonly instance: string;
}

interface Greeting {
  readonly appId: string;
  readonly instance: string;
}

/**
 * Placement among the sidecars of one user on one machine, without a service beside them: one of them coordinates, and
 * the others elect another one when it ends, hangs, or is killed. See {@link Election} for why there is only one.
 *
 * A coordinator that was held up and has been followed by another one notices before it lets anybody work on: what it
 * knows of that is never older than {@link checkMs}, which together with a lease is less than the follower waits before it
 * hands out a table. Where it has died, so have the members of its own process: only what it granted to others is waited
 * for.
 */
export class MachinePlacement implements PlacementLink {
  readonly name = "machine";
  readonly #election: Election;
  readonly #platform: Platform;
  readonly #namespace: string;
  readonly #self: MachineMember;
  #office: Office | undefined;

  constructor(folder: string, namespace: string, self: MachineMember, platform: Platform) {
    this.#election = new Election(folder);
    this.#namespace = namespace;
    this.#self = self;
    this.#platform = platform;
  }

  async open(events: PlacementLinkEvents): Promise<PlacementChannel> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const highest = this.#election.highest();
      let hung = false;
      if (highest !== undefined) {
        if (this.#office?.holds(highest)) return this.#office.enter(this.#self, events);
        const answer = await this.#dial(this.#election.pathOf(highest), events);
        if (typeof answer === "object") return answer;
        // It may have been followed while it was dialled.
        if (this.#election.highest() !== highest) continue;
        hung = answer === "hung";
      }
      await this.#stand(highest, hung);
    }
    throw new Error("the sidecars of this machine could not agree on who coordinates placement");
  }

  async close(): Promise<void> {
    await this.#office?.close();
    this.#office = undefined;
  }

  /** `hung`: the one before is alive, and so may be its own actors be. */
  async #stand(before: number | undefined, hung: boolean): Promise<void> {
    await this.close();
    const path = this.#election.candidate(this.#platform.uuid().slice(0, 8));
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    server.unref();
    const number = this.#election.stand(path, before);
    // The link alone leads to the socket from here on.
    unlinkSync(path);
    if (number === undefined) {
      server.close();
      return;
    }
    this.#office = new Office(server, number, hung, this.#election, this.#namespace, this.#platform);
  }

  #dial(path: string, events: PlacementLinkEvents): Promise<PlacementChannel | "dead" | "hung"> {
    return new Promise((resolve) => {
      const socket = connect(path);
      let greeted = false;
      let outcome: "dead" | "hung" = "dead";
      const giveUp = this.#platform.clock.after(greetMs, () => {
        outcome = "hung";
        socket.destroy();
      });
      const line = new LineSocket(
        socket,
        (record) => {
          if (greeted) return events.received(record);
          greeted = true;
          giveUp();
          resolve({ send: (message) => line.send(message), close: () => line.close() });
        },
        () => {
          giveUp();
          if (greeted) events.closed();
          else resolve(outcome);
        },
      );
      socket.once("connect", () => line.send(this.#self satisfies Greeting));
    });
  }
}

/** A term of coordination, in the process that was elected. */
class Office {
  readonly #server: Server;
  readonly #number: number;
  readonly #election: Election;
  readonly #platform: Platform;
  readonly #service: PlacementService;
  readonly #lines = new Set<LineSocket>();
  readonly #leaving = new Set<() => void>();
  #checkedAt: number;
  #over = false;

  constructor(
    server: Server,
    number: number,
    /** The one before is alive, and has not noticed yet that it is followed. */
    hung: boolean,
    election: Election,
    namespace: string,
    platform: Platform,
  ) {
    this.#server = server;
    this.#number = number;
    this.#election = election;
    this.#platform = platform;
    const { clock, log } = platform;
    election.sweep(number);
    const ago = hung ? 0 : election.grantedAgo(clock.now());
    this.#service = new PlacementService({
      clock,
      log,
      namespace,
      term: election.term(clock.now()),
      unknownMs: ago === undefined ? 0 : Math.max(0, placementTimes.takeOverMs - ago),
    });
    this.#checkedAt = this.#now;
    server.on("connection", (socket) => {
      let sender: PlacementSender | undefined;
      const line = new LineSocket(
        socket,
        (record) => {
          if (sender !== undefined) return this.#receive(sender, record, true);
          sender = senderOf(record as Greeting, line);
          line.send({ t: "coordinator" });
        },
        () => this.#lines.delete(line),
      );
      this.#lines.add(line);
      socket.unref();
    });
  }

  holds(number: number): boolean {
    return !this.#over && number === this.#number;
  }

  /** The way of this process' own member. */
  enter({ appId, instance }: MachineMember, events: PlacementLinkEvents): PlacementChannel {
    let open = true;
    const close = () => {
      open = false;
      this.#leaving.delete(leaving);
    };
    const leaving = () => {
      close();
      events.closed();
    };
    this.#leaving.add(leaving);
    const sender: PlacementSender = {
      appId,
      mayBe: (name) => named(name, instance),
      // Never from within what it answers: the other side is not ready for it.
      send: (message) => queueMicrotask(() => open && events.received(message)),
    };
    return {
      send: (message: FromMember) => queueMicrotask(() => open && this.#receive(sender, message, false)),
      close,
    };
  }

  get #now(): number {
    const { clock } = this.#platform;
    return clock.monotonic?.() ?? clock.now();
  }

  #receive(sender: PlacementSender, record: unknown, foreign: boolean): void {
    if (this.#over) return;
    if (this.#now - this.#checkedAt >= checkMs || foreign) {
      if (this.#election.highest() !== this.#number) {
        this.#abdicate();
        return;
      }
      this.#checkedAt = this.#now;
      if (foreign) this.#election.grant(this.#platform.clock.now());
    }
    this.#service.receive(sender, record);
  }

  #abdicate(): void {
    this.#platform.log.info("another sidecar of this machine coordinates placement from now on");
    void this.close();
  }

  async close(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#service.close();
    for (const leaving of [...this.#leaving]) leaving();
    for (const line of this.#lines) line.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Throws where a member does not say who it is. */
function senderOf({ appId, instance }: Greeting, line: LineSocket): PlacementSender {
  if (typeof appId !== "string" || typeof instance !== "string") throw new TypeError("no greeting");
  return { appId, mayBe: (name) => named(name, instance), send: (message) => line.send(message) };
}

function named(name: string, instance: string): boolean {
  return name === instance || name.startsWith(`${instance}/`);
}
