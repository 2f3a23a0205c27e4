import type {
  PlacementChannel,
  PlacementLink,
  PlacementLinkEvents,
} from "../../host/actors/placement/placement-link.ts";
import type { FromMember, ToMember } from "../../host/actors/placement/placement-messages.ts";
import type { PlacementSender } from "../../host/actors/placement/placement-seat.ts";
import { PlacementService } from "../../host/actors/placement/placement-service.ts";
import { placementTimes } from "../../host/actors/placement/placement-times.ts";
import { type Platform, sleep } from "../../host/platform.ts";

/** How long a coordinator may take to say that it is there. */
const HERE_MS = 300;

export interface TabPlacementOptions {
  /** Of the BroadcastChannel and the lock: one for each scope and namespace. */
  readonly name: string;
  readonly namespace: string;
  readonly appId: string;
  /** This tab's instance. */
  readonly instance: string;
  readonly platform: Platform;
  readonly locks: LockManager;
}

/** What tabs say to each other about placement; without `to` it is for the coordinator. */
type Said =
  | { readonly type: "who"; readonly from: string }
  | { readonly type: "member"; readonly from: string; readonly appId: string; readonly message: FromMember }
  | { readonly type: "here"; readonly to: string }
  | { readonly type: "coordinator"; readonly to: string; readonly message: ToMember }
  /** To all: there is another one. */
  | { readonly type: "elected" };

/**
 * Placement among tabs that each run their own runtime: one of them is the coordinator, for as long as it holds a lock that
 * all others wait for.
 */
export class TabPlacement implements PlacementLink {
  readonly name = "tabs";
  readonly #options: TabPlacementOptions;
  readonly #channel: BroadcastChannel;
  readonly #stop = new AbortController();
  #events: PlacementLinkEvents | undefined;
  #here: () => void = () => undefined;

  constructor(options: TabPlacementOptions) {
    this.#options = options;
    this.#channel = new BroadcastChannel(options.name);
    this.#channel.onmessage = ({ data }) => this.#hear(data as Said);
    void this.#stand();
  }

  async open(events: PlacementLinkEvents): Promise<PlacementChannel> {
    const { instance: from, appId, platform } = this.#options;
    const here = new Promise<true>((resolve) => {
      this.#here = () => resolve(true);
    });
    this.#say({ type: "who", from });
    const found = await Promise.race([here, sleep(platform.clock, HERE_MS, this.#stop.signal)]);
    if (found !== true) throw new Error("none of the tabs is the coordinator yet");
    this.#events = events;
    return {
      send: (message) => this.#say({ type: "member", from, appId, message }),
      close: () => {
        if (this.#events === events) this.#events = undefined;
      },
    };
  }

  /** Lets another tab be the coordinator. */
  close(): void {
    this.#stop.abort();
    this.#channel.close();
  }

  #say(said: Said): void {
    if (!this.#stop.signal.aborted) this.#channel.postMessage(said);
  }

  #hear(said: Said): void {
    const { instance } = this.#options;
    if (said.type === "elected") {
      const events = this.#events;
      this.#events = undefined;
      events?.closed();
    } else if (said.type === "here" && said.to === instance) this.#here();
    else if (said.type === "coordinator" && said.to === instance) this.#events?.received(said.message);
  }

  /** Without waiting the lock is given only where no other tab lives that could have been a member. */
  async #stand(): Promise<void> {
    const { locks, name } = this.#options;
    const { signal } = this.#stop;
    const first = await locks
      .request(name, { ifAvailable: true }, (lock) => lock && this.#coordinate(0).then(() => true))
      .catch(() => undefined);
    if (first) return;
    const wait = { signal } as const;
    await locks.request(name, wait, () => this.#coordinate(placementTimes.takeOverMs)).catch(() => undefined);
  }

  /** Until this tab leaves. A channel of its own, since none hears itself. */
  async #coordinate(unknownMs: number): Promise<void> {
    const { name, namespace, platform } = this.#options;
    const { signal } = this.#stop;
    if (signal.aborted) return;
    const { clock, log } = platform;
    const service = new PlacementService({ clock, log, namespace, term: clock.now(), unknownMs });
    const channel = new BroadcastChannel(name);
    const say = (said: Said) => channel.postMessage(said);
    const senders = new Map<string, PlacementSender>();
    channel.onmessage = ({ data }) => {
      const said = data as Said;
      if (said.type === "who") say({ type: "here", to: said.from });
      if (said.type !== "member") return;
      const { from, appId } = said;
      const known = senders.get(from);
      const sender = known ?? {
        appId,
        mayBe: (instance) => instance === from,
        send: (message) => say({ type: "coordinator", to: from, message }),
      };
      senders.set(from, sender);
      service.receive(sender, said.message);
    };
    say({ type: "elected" });
    await new Promise<void>((left) => signal.addEventListener("abort", () => left(), { once: true }));
    service.close();
    channel.close();
  }
}
