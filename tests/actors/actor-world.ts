import { ActorAnswerError } from "../../host/actors/actor-error.ts";
import { stateKey } from "../../host/actors/actor-keys.ts";
import { NotOwnedError } from "../../host/actors/hosted-actors.ts";
import { LocalActors } from "../../host/actors/local-actors.ts";
import type { TableHost } from "../../host/actors/placement/membership.ts";
import { PlacementClient } from "../../host/actors/placement/placement-client.ts";
import { functionChannel } from "../../host/channel/function-channel.ts";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import type { ListingStore, WriteBatch, WriteOutcome } from "../../host/components/state/store.ts";
import type { Core } from "../../host/core/core.ts";
import { json, type RuntimeRequest, type RuntimeResponse, text } from "../../host/http.ts";
import { UnavailableError } from "../../host/mesh/transport.ts";
import type { Resiliency } from "../../host/resiliency/resiliency.ts";
import { openWith, testContext } from "../conformance/test-context.ts";
import { Coordinators, Process, platformOf, type World, WorldLink } from "./placement-world.ts";

/** What a counter keeps: the ids of the calls that it has counted, in their order. */
type Kept = readonly string[];

const type = "Counter";
const answerMs = 15_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const keptKey = (id: string) => stateKey("app", type, id, "kept");

/** Instances that host counters on one store, by whatever their coordinator, the network and the clocks do. */
export class ActorWorld {
  readonly coordinators: Coordinators;
  readonly instances: Instance[] = [];
  /** Calls and reminders whose answer said that they are done. */
  readonly done = { calls: new Map<string, string>(), reminders: new Map<string, string>() };
  readonly fired = new Map<string, number>();
  waiting = 0;

  private constructor(
    readonly world: World,
    readonly core: Core,
    readonly store: ListingStore,
  ) {
    this.coordinators = new Coordinators(world);
  }

  static async open(world: World, core: Core): Promise<ActorWorld> {
    const clock = new Process(world);
    const store = await openWith(inMemoryStore, testContext("store", clock), {});
    return new ActorWorld(world, core, store as ListingStore);
  }

  start(): Instance {
    const instance = new Instance(this, `instance-${this.instances.length}`);
    this.instances.push(instance);
    return instance;
  }

  get alive(): readonly Instance[] {
    return this.instances.filter(({ process }) => !process.dead);
  }

  /** Where a turn of that counter is under way. */
  working(id: string): Instance | undefined {
    return this.alive.find((instance) => instance.working.has(id));
  }

  async kept(id: string): Promise<Kept> {
    const item = await this.store.get(keptKey(id), undefined);
    return item === undefined ? [] : JSON.parse(decoder.decode(item.value));
  }

  /** Sees that what is written follows what was there: nobody writes what another one's write is not in. */
  async write(batch: WriteBatch): Promise<WriteOutcome> {
    const before = new Map<string, Kept>();
    const changed = batch.operations.flatMap((one) =>
      one.kind === "upsert" && one.key.endsWith("||kept") ? [one] : [],
    );
    for (const { key } of changed) {
      const item = await this.store.get(key, undefined);
      before.set(key, item === undefined ? [] : JSON.parse(decoder.decode(item.value)));
    }
    const outcome = await this.store.write(batch);
    if (outcome.some((error) => error !== undefined)) return outcome;
    for (const { key, value } of changed) {
      const was = before.get(key) as Kept;
      const is = JSON.parse(decoder.decode(value)) as Kept;
      if (is.length !== was.length + 1 || was.some((call, i) => is[i] !== call)) {
        throw new Error(`${key}: a write that does not follow the one before`);
      }
    }
    return outcome;
  }
}

export class Instance {
  readonly process: Process;
  readonly actors: LocalActors;
  network: "up" | "down" | "silent" = "up";
  readonly #link: WorldLink;
  #leaving = false;
  /** Counters whose turn is under way. */
  readonly working = new Set<string>();

  constructor(
    readonly of: ActorWorld,
    readonly name: string,
  ) {
    const { coordinators, core, world } = of;
    this.process = new Process(world);
    this.#link = new WorldLink(this.process, coordinators);
    this.#link.member = this;
    const platform = platformOf(this.process);
    const resiliency = {
      builtIn: () => (failures: number) => (failures <= 5 ? 1_000 : undefined),
      actor: () => undefined,
    } as unknown as Resiliency;
    const component = this.#reached(of.store);
    this.actors = new LocalActors({
      appId: "app",
      namespace: "default",
      name,
      platform,
      core,
      app: functionChannel((request) => this.#app(request)),
      resiliency: () => resiliency,
      membership: new PlacementClient(this.#link, platform),
      store: () => ({ name: "store", component }),
      remote: (owner, request, version) => this.#remote(owner, request, version),
    });
    void this.actors.start(new AbortController().signal).catch(() => undefined);
  }

  cut(): void {
    this.#link.cut();
  }

  /** In good order. */
  async leave(): Promise<void> {
    if (this.#leaving) return;
    this.#leaving = true;
    await this.actors.close();
    this.kill();
  }

  kill(): void {
    this.process.dead = true;
    this.cut();
  }

  /** Calls the counter, wherever it lives. */
  async call(id: string, call: string): Promise<void> {
    const request: RuntimeRequest = {
      method: "PUT",
      path: `/${id}`,
      query: "",
      headers: [],
      body: encoder.encode(call),
    };
    this.of.waiting++;
    try {
      await this.actors.atOwner(type, id, request, () => this.count(request));
      this.of.done.calls.set(call, id);
    } catch {
      // Not known to be counted.
    } finally {
      this.of.waiting--;
    }
  }

  async remind(id: string, name: string, dueTime: string): Promise<void> {
    const settings = {
      ...{ dueTime, period: "", ttl: "", data: undefined },
      ...{ overwrite: true, failurePolicy: undefined },
    };
    const { reminders } = this.actors.scheduling;
    try {
      await reminders?.register(type, id, name, settings);
      if (reminders !== undefined) this.of.done.reminders.set(name, id);
    } catch {
      // Not known to be kept.
    }
  }

  async count({ path, body }: RuntimeRequest): Promise<RuntimeResponse> {
    const answer = await this.actors.host.invoke({
      type,
      id: path.slice(1),
      method: "count",
      query: "",
      headers: [],
      body: body as Uint8Array,
      chain: undefined,
      caller: undefined,
    });
    if (answer.status !== 200) throw new ActorAnswerError("refused", false);
    return answer;
  }

  /** What takes time, on this process' clock. */
  #takes(mostMs: number): Promise<void> {
    return new Promise((resolve) => void this.process.after(this.of.world.random() * mostMs, resolve));
  }

  async #app({ method, path, body }: RuntimeRequest): Promise<RuntimeResponse> {
    if (path === "/dapr/config") return json({ entities: [type], actorIdleTimeout: "20s" });
    if (method === "DELETE") return text("");
    const [, , , id = "", , kind, name] = path.split("/");
    if (kind === "remind") {
      this.of.fired.set(name as string, (this.of.fired.get(name as string) ?? 0) + 1);
      return text("");
    }
    if (this.working.has(id)) throw new Error(`two turns of ${id} at a time at ${this.name}`);
    this.working.add(id);
    try {
      await this.#takes(30);
      const { store, host } = this.actors;
      if (store === undefined) return text("", 500);
      const item = await store.get(keptKey(id));
      const before: Kept = item === undefined ? [] : JSON.parse(decoder.decode(item.value));
      const call = decoder.decode(body as Uint8Array);
      if (before.includes(call)) return text("");
      await this.#takes(30);
      const value = encoder.encode(JSON.stringify([...before, call]));
      await host.commit(type, id, () =>
        store.commit([
          {
            ...{ kind: "upsert", key: keptKey(id), value, etag: undefined, concurrency: undefined },
            ...{ ttlInSeconds: undefined, contentType: undefined },
          },
        ]),
      );
      return text("");
    } catch (error) {
      if ((error as Error).message.startsWith("two turns")) throw error;
      return text("", 500);
    } finally {
      this.working.delete(id);
    }
  }

  /** The store as it is reached from this process: what was sent arrives, also where the sender is held up or dead. */
  #reached(store: ListingStore): ListingStore {
    const { world } = this.of;
    const over = <T>(work: () => T | Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        if (this.process.dead) return;
        world.after(world.random() * 20, undefined, async () => {
          try {
            const answer = await work();
            world.after(world.random() * 20, this.process, () => resolve(answer));
          } catch (error) {
            if ((error as Error).message.includes("does not follow")) this.of.fired.set(String(error), -1);
            world.after(0, this.process, () => reject(error));
          }
        });
      });
    return {
      get: (key, consistency) => over(() => store.get(key, consistency)),
      bulkGet: (keys) => over(() => store.bulkGet(keys)),
      list: (from, to, limit) => over(() => store.list(from, to, limit)),
      write: (batch) => over(() => this.of.write(batch)),
      close: () => Promise.resolve(),
    };
  }

  #remote(owner: TableHost, request: RuntimeRequest, version: number): Promise<RuntimeResponse> {
    const { world, instances } = this.of;
    const target = instances.find(({ name }) => name === owner.name);
    return new Promise((resolve, reject) => {
      const late = () => reject(new UnavailableError("no answer", { sent: true }));
      this.process.after(answerMs, late);
      if (target === undefined || target.process.dead) {
        reject(new UnavailableError("it has ended", { sent: false }));
        return;
      }
      world.carry(target.process, async () => {
        let outcome: () => void;
        try {
          if (!target.actors.owners.owns(type, request.path.slice(1)))
            await target.actors.owners.reach(version, undefined);
          const answer = await target.count(request);
          outcome = () => resolve(answer);
        } catch (error) {
          outcome = () =>
            reject(error instanceof NotOwnedError ? error : new ActorAnswerError("failed", false));
        }
        world.carry(this.process, outcome);
      });
    });
  }
}
