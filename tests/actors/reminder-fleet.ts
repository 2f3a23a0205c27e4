import { type ActorStore, FencedError } from "../../host/actors/actor-store.ts";
import type { HostedActors } from "../../host/actors/hosted-actors.ts";
import type { ReminderSettings } from "../../host/actors/reminders/reminder-book.ts";
import { Reminders } from "../../host/actors/reminders/reminders.ts";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import type { ListingStore, Operation } from "../../host/components/state/store.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import type { RuntimeResponse } from "../../host/http.ts";
import { webPlatform } from "../../host/web-platform.ts";
import { openWith, testContext } from "../conformance/test-context.ts";

export const prefix = "||actors||default||app||";

/** One callback that the app had. */
export interface Fired {
  readonly by: string;
  /** Seconds since the fleet began. */
  readonly at: number;
  readonly type: string;
  readonly id: string;
  readonly method: string;
  readonly body: string;
}

type Respond = (
  fired: Fired,
) => Partial<RuntimeResponse> | Promise<Partial<RuntimeResponse> | undefined> | undefined;

const never = () => new Promise<never>(() => undefined);

/** One instance of the app: it can be killed, or fenced off. */
export class Instance {
  readonly reminders: Reminders;
  readonly warnings: string[] = [];
  killed = false;
  fenced = false;
  /** Answers in the store's place where it throws. */
  onCommit: (operations: readonly Operation[]) => void | Promise<void> = () => undefined;
  onRead: () => void = () => undefined;
  owns: (type: string, id: string) => boolean = () => true;
  /** Callbacks under way. */
  readonly underWay = new Set<Fired>();

  constructor(
    readonly name: string,
    fleet: ReminderFleet,
    atATime?: number,
  ) {
    const warn = (message: string, fields?: object) =>
      void this.warnings.push(`${message} ${JSON.stringify(fields)}`);
    const silent = { debug() {}, info() {}, warn, error: warn };
    const { clock, store } = fleet;
    const alive = async <T>(answer: () => T | Promise<T>): Promise<T> => {
      if (this.killed) return await never();
      this.onRead();
      return await answer();
    };
    const actorStore: ActorStore = {
      name: "store",
      get: (key) => alive(() => store.get(key, "strong")),
      bulkGet: (keys) => alive(() => store.bulkGet(keys)),
      list: (from, to, limit) => alive(() => store.list(from, to, limit)),
      commit: async (operations) => {
        await this.onCommit(operations);
        if (this.killed) return await never();
        if (this.fenced) throw new FencedError();
        const outcome = await store.write({
          ...{ operations, atomic: true, consistency: "strong", requestId: undefined },
        });
        for (const error of outcome) if (error !== undefined) throw error;
      },
    };
    const hosted: HostedActors = {
      owns: (type, id) => !this.killed && this.owns(type, id),
      active: () => true,
      call: async (type, id, method, body) => {
        if (this.killed) return await never();
        const at = (clock.now() - fleet.began) / 1000;
        const fired = { by: name, at, type, id, method, body: new TextDecoder().decode(body) };
        fleet.fired.push(fired);
        this.underWay.add(fired);
        try {
          const answer = await fleet.respond(fired);
          if (this.killed) return await never();
          return { status: 200, headers: [], body: undefined, ...answer };
        } finally {
          if (!this.killed) this.underWay.delete(fired);
        }
      },
    };
    // No jitter: the same run every time.
    const random = <T extends Uint8Array>(bytes: T): T => bytes.fill(0);
    const platform = { ...webPlatform(silent), clock, random };
    this.reminders = new Reminders({
      ...{ store: actorStore, hosted, platform, prefix },
      ...(atATime === undefined ? {} : { atATime }),
    });
  }
}

/** Instances of one app on one store, and what their apps were called about. */
export class ReminderFleet {
  readonly began: number;
  readonly fired: Fired[] = [];
  respond: Respond = () => undefined;

  private constructor(
    readonly store: ListingStore,
    readonly clock: FakeClock,
  ) {
    this.began = clock.now();
  }

  static async start(): Promise<ReminderFleet> {
    const clock = new FakeClock();
    const store = await openWith(inMemoryStore, testContext("store", clock));
    return new ReminderFleet(store as ListingStore, clock);
  }

  instance(name: string, atATime?: number): Instance {
    return new Instance(name, this, atATime);
  }

  /** `<who> <when>`, in order. */
  get times(): readonly string[] {
    return this.fired.map(({ by, at }) => `${by} ${at}`);
  }

  /** Keys that are listed. */
  async keys(): Promise<readonly string[]> {
    return await this.store.list(prefix, "||actors||default||app|}", 1_000_000);
  }
}

export function settings(
  given: Partial<Omit<ReminderSettings, "data">> & { readonly data?: unknown },
): ReminderSettings {
  const { data, ...others } = given;
  return {
    ...{ dueTime: "", period: "", ttl: "", overwrite: true, failurePolicy: undefined },
    ...others,
    data: data === undefined ? undefined : new TextEncoder().encode(JSON.stringify(data)),
  };
}
