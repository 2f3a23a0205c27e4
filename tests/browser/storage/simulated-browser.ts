import type { ComponentContext } from "../../../host/components/component.ts";
import { decodeMetadata } from "../../../host/components/metadata-schema.ts";
import type { PubSub } from "../../../host/components/pubsub/pubsub.ts";
import { FakeClock } from "../../../host/fake-clock.ts";
import type { Clock } from "../../../host/platform.ts";
import { browserPubSub } from "../../../worker/components/pubsub-browser.ts";
import type { Incarnation } from "../../../worker/storage/incarnation.ts";
import type { PubSubHarness } from "../../conformance/pubsub.ts";
import { testContext } from "../../conformance/test-context.ts";

const RealChannel = globalThis.BroadcastChannel;

/**
 * One scope of a browser with a fake clock, whose components can be ended as a killed worker (or a closed page) ends
 * them. Runs on the browser's own IndexedDB, and under Node on a fake one.
 */
export class SimulatedBrowser implements PubSubHarness {
  readonly clock = new FakeClock();
  readonly #serviceWorker: boolean;
  readonly #work: () => Promise<void>;
  readonly #databasePrefix = `daprlet:/${crypto.randomUUID()}/:`;
  #opened: PubSub[] = [];
  #life = new Life(this.clock);
  #lives = 1;

  /** `work` lets the database get on with what it was asked for. */
  constructor(serviceWorker: boolean, work: () => Promise<void>) {
    this.#serviceWorker = serviceWorker;
    this.#work = work;
    this.#life.begin();
  }

  async open(appId: string, metadata: Readonly<Record<string, string>> = {}): Promise<PubSub> {
    const incarnation: Incarnation | undefined = this.#serviceWorker
      ? { id: String(this.#lives), startedAt: this.clock.now() }
      : undefined;
    const definition = browserPubSub({ databasePrefix: this.#databasePrefix, incarnation });
    const context: ComponentContext = { ...testContext("pubsub", this.#life), appId };
    const given = new Map(Object.entries(metadata));
    const decoded = decodeMetadata("pubsub", definition.metadata, given, () => undefined);
    const component = await definition.open(decoded, context);
    this.#opened.push(component);
    return component;
  }

  /** In steps, with the database's work between them: by the fake clock it takes no time. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left >= 0; left -= 100) {
      await this.clock.advance(Math.min(left, 100));
      await this.#work();
    }
  }

  async kill(): Promise<void> {
    this.#life.end();
    this.#opened = [];
    this.#life = new Life(this.clock);
    this.#lives++;
    this.#life.begin();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#opened.map((component) => component.close()));
    this.#life.end();
    globalThis.BroadcastChannel = RealChannel;
  }
}

/** What dies with a worker: timers and channels. */
class Life implements Clock {
  readonly #clock: FakeClock;
  readonly #channels: BroadcastChannel[] = [];
  readonly #cancels = new Set<() => void>();
  #over = false;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, task: () => void): () => void {
    if (this.#over) return () => undefined;
    const cancel = this.#clock.after(ms, task);
    this.#cancels.add(cancel);
    return () => {
      this.#cancels.delete(cancel);
      cancel();
    };
  }

  begin(): void {
    const channels = this.#channels;
    globalThis.BroadcastChannel = class extends RealChannel {
      constructor(name: string) {
        super(name);
        channels.push(this);
      }
    };
  }

  end(): void {
    this.#over = true;
    for (const cancel of this.#cancels) cancel();
    for (const channel of this.#channels) channel.close();
  }
}
