import { mkdir } from "node:fs/promises";
import type { Follower, HostReport, Membership } from "../../actors/placement/membership.ts";
import { PlacementClient } from "../../actors/placement/placement-client.ts";
import type {
  PlacementChannel,
  PlacementLink,
  PlacementLinkEvents,
} from "../../actors/placement/placement-link.ts";
import type { PlacementTimes } from "../../actors/placement/placement-times.ts";
import { decodeRecord, encodeRecord } from "../../mesh/placement-record.ts";
import { type Platform, sleep, withTimeout } from "../../platform.ts";
import { FrameSocket } from "./frame-socket.ts";
import { MachineCoordinator, type MachineHello } from "./machine-coordinator.ts";
import {
  connected,
  coordinatorPath,
  Lifeline,
  nobodyListens,
  placementSockets,
} from "./placement-sockets.ts";
import { namespaceFolder, ownFolder } from "./runtime-folder.ts";

export interface MachineMembershipOptions {
  /** `runtimeFolder(process.env)` in a process; a folder of its own in a test. */
  readonly folder: string;
  readonly platform: Platform;
  readonly appId: string;
  readonly namespace: string;
  /** `Member.instance`: what it reports is named so, or begins with it and a `/`. */
  readonly instance: string;
  readonly times?: PlacementTimes;
}

/** A coordinator that does not answer for so long is taken for one that stands still, and another one begins. */
const greetingMs = 1_000;
const attempts = 5;

/**
 * Placement among the sidecars of one user on one machine, with nothing configured: one of them coordinates, and when
 * it ends, or stands still, the next one does. See {@link MachineCoordinator} for why no two ever do at a time.
 */
export class MachineMembership implements Membership {
  readonly #link: MachinePlacementLink;
  readonly #client: PlacementClient;

  constructor(options: MachineMembershipOptions) {
    this.#link = new MachinePlacementLink(options);
    this.#client = new PlacementClient(this.#link, options.platform);
  }

  get name(): string {
    return this.#client.name;
  }

  get valid(): boolean {
    return this.#client.valid;
  }

  /** The term that this process coordinates; undefined while another one does. */
  get coordinates(): number | undefined {
    return this.#link.coordinates;
  }

  join(report: HostReport, follower: Follower): Promise<void> {
    return this.#client.join(report, follower);
  }

  report(types: readonly string[]): Promise<void> {
    return this.#client.report(types);
  }

  rejoin(reason: string): void {
    this.#client.rejoin(reason);
  }

  async leave(): Promise<void> {
    await this.#client.leave();
    await this.#link.close();
  }
}

class MachinePlacementLink implements PlacementLink {
  readonly name = "machine";
  readonly #options: MachineMembershipOptions;
  readonly #folder: string;
  readonly #lifeline: Lifeline;
  #living: Promise<void> | undefined;
  #coordinator: MachineCoordinator | undefined;
  #closed = false;

  constructor(options: MachineMembershipOptions) {
    this.#options = options;
    this.#folder = namespaceFolder(options.folder, options.namespace);
    this.#lifeline = new Lifeline(this.#folder, options.platform.uuid());
  }

  get coordinates(): number | undefined {
    return this.#coordinator?.term;
  }

  async open(events: PlacementLinkEvents): Promise<PlacementChannel> {
    this.#living ??= this.#begin();
    await this.#living.catch((error: unknown) => {
      this.#living = undefined;
      throw error;
    });
    const { clock } = this.#options.platform;
    for (let attempt = 0; attempt < attempts && !this.#closed; attempt++) {
      const newest = (await placementSockets(this.#folder)).terms.at(-1);
      const channel = newest === undefined ? undefined : await this.#connect(newest, events);
      if (channel !== undefined) return channel;
      await this.#coordinate(newest === undefined ? Math.ceil(clock.now()) : newest + 1);
    }
    throw new Error("no sidecar of this machine coordinates placement yet");
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#coordinator?.close();
    await this.#living?.catch(() => undefined);
    await this.#lifeline.close();
  }

  async #begin(): Promise<void> {
    if (process.platform === "win32") {
      throw new Error("sidecars of one machine do not find each other on Windows yet; join them by a relay");
    }
    ownFolder(this.#options.folder);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await this.#lifeline.open();
  }

  async #coordinate(term: number): Promise<void> {
    if (this.#closed) return;
    const { platform, namespace, times } = this.#options;
    const { clock, log } = platform;
    const begun = await MachineCoordinator.begin(term, {
      folder: this.#folder,
      namespace,
      clock,
      log,
      times,
    });
    if (begun === undefined) return;
    this.#coordinator?.close();
    this.#coordinator = begun;
    if (this.#closed) begun.close();
  }

  /** Undefined when that coordinator has ended, or does not answer. */
  async #connect(term: number, events: PlacementLinkEvents): Promise<PlacementChannel | undefined> {
    const path = coordinatorPath(this.#folder, term);
    const { clock } = this.#options.platform;
    for (let attempt = 1; ; attempt++) {
      try {
        const socket = await connected(path);
        return await this.#greeted(new Greeting(socket, events), clock);
      } catch (error) {
        if (!nobodyListens(error) || attempt === 2) return undefined;
        // It may have been about to listen.
        await sleep(clock, 20);
      }
    }
  }

  async #greeted(greeting: Greeting, clock: Platform["clock"]): Promise<PlacementChannel> {
    const { appId, instance } = this.#options;
    const hello: MachineHello = { appId, instance, lifeline: this.#lifeline.name };
    greeting.frames.send({ t: "placement" }, encodeRecord(hello));
    try {
      await withTimeout(clock, greetingMs, greeting.answered, () => new Error("it does not answer"));
    } catch (error) {
      greeting.frames.destroy();
      throw error;
    }
    return greeting;
  }
}

/** A connection to a coordinator, from its answer on. */
class Greeting implements PlacementChannel {
  readonly frames: FrameSocket;
  readonly answered: Promise<void>;
  #open = false;
  #closed = false;

  constructor(socket: import("node:net").Socket, events: PlacementLinkEvents) {
    let answer: () => void = () => undefined;
    let fail: (error: Error) => void = () => undefined;
    this.answered = new Promise((resolve, reject) => {
      answer = resolve;
      fail = reject;
    });
    this.answered.catch(() => undefined);
    this.frames = new FrameSocket(socket, new Uint8Array(0), {
      received: (frame, body) => {
        if (frame.t !== "placement") return;
        if (this.#open) events.received(decodeRecord(body));
        this.#open = true;
        answer();
      },
      lost: () => {
        fail(new Error("the coordinator has ended"));
        if (this.#open && !this.#closed) events.closed();
      },
    });
  }

  send(message: object): void {
    this.frames.send({ t: "placement" }, encodeRecord(message));
  }

  close(): void {
    this.#closed = true;
    this.frames.end();
  }
}
