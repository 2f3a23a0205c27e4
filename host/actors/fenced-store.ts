import type { ListingStore, Operation, WriteOutcome } from "../components/state/store.ts";
import { ComponentError } from "../errors/component-error.ts";
import { recordPrefix } from "./actor-keys.ts";
import { type ActorStore, FencedError } from "./actor-store.ts";

/** Attempts to write the list of instances, which others may be writing at the time. */
const attempts = 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The actor state store behind this instance's fence: one record of its own, which every commit compares in its
 * transaction. Who takes over deletes the records of the instances that are not among the hosts any more before it
 * acknowledges the new table, so an instance that was paused meanwhile writes nothing when it wakes. The names of all
 * who have a record are in one list: by its ETag no two claims pass each other unseen.
 */
export class FencedStore implements ActorStore {
  readonly name: string;
  readonly #component: ListingStore;
  readonly #prefix: string;
  readonly #instance: string;
  readonly #lost: () => void;
  /** Of the own record; undefined: nothing is claimed. */
  #epoch: string | undefined;
  /** Who may write by the latest claim: one before it that is still at work goes by it, too. */
  #live: ReadonlySet<string> = new Set();

  /** `lost`: called when a commit finds that what was claimed is another one's by now. */
  constructor(
    name: string,
    component: ListingStore,
    of: Record<"namespace" | "appId" | "instance", string>,
    lost: () => void,
  ) {
    this.name = name;
    this.#component = component;
    this.#lost = lost;
    this.#prefix = recordPrefix(of.namespace, of.appId);
    this.#instance = of.instance;
  }

  async get(key: string) {
    return await this.#component.get(key, "strong");
  }

  async bulkGet(keys: readonly string[]) {
    return await this.#component.bulkGet(keys);
  }

  async list(from: string, to: string, limit: number) {
    return await this.#component.list(from, to, limit);
  }

  async commit(operations: readonly Operation[]): Promise<void> {
    const etag = this.#epoch;
    if (etag === undefined) throw new FencedError();
    const check: Operation = { kind: "check", key: this.#record(this.#instance), etag };
    const [fenced, ...others] = await this.#write([check, ...operations]);
    if (fenced !== undefined) {
      if (this.#epoch === etag) {
        this.#epoch = undefined;
        this.#lost();
      }
      throw new FencedError();
    }
    const refused = others.find((error) => error !== undefined);
    if (refused !== undefined) throw refused;
  }

  /**
   * Makes this instance one that may write, unless it is, and every one that is not in `live` one that may not. Resolves
   * once that is durable.
   */
  async claim(live: ReadonlySet<string>): Promise<void> {
    const list = `${this.#prefix}instances`;
    this.#live = live;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const [known, own] = await this.#component.bulkGet([list, this.#record(this.#instance)]);
      const before: readonly string[] = known === undefined ? [] : JSON.parse(decoder.decode(known.value));
      const dead = before.filter((instance) => instance !== this.#instance && !this.#live.has(instance));
      const listed = before.includes(this.#instance);
      if (dead.length === 0 && listed && own !== undefined && own.etag === this.#epoch) return;
      const after = [
        ...before.filter((instance) => !dead.includes(instance)),
        ...(listed ? [] : [this.#instance]),
      ];
      const operations: Operation[] = [
        upsert(list, JSON.stringify(after), known?.etag),
        ...dead.map((instance): Operation => remove(this.#record(instance))),
      ];
      if (own === undefined) operations.push(upsert(this.#record(this.#instance), '"claimed"', undefined));
      const outcome = await this.#write(operations);
      if (outcome.some((error) => error !== undefined)) continue;
      this.#epoch = (await this.#component.get(this.#record(this.#instance), "strong"))?.etag;
      // Another one has put this one out at once: it does not know of it yet.
      if (this.#epoch === undefined) throw new FencedError();
      return;
    }
    throw new ComponentError(
      "ABORTED",
      `the instances that host actors are being listed in ${this.name} by too many others`,
    );
  }

  /** Takes the own record away, so that nobody has to. */
  async release(): Promise<void> {
    if (this.#epoch === undefined) return;
    this.#epoch = undefined;
    await this.#write([remove(this.#record(this.#instance))]);
  }

  #record(instance: string): string {
    return `${this.#prefix}instance||${instance}`;
  }

  async #write(operations: readonly Operation[]): Promise<WriteOutcome> {
    const batch = { operations, atomic: true, consistency: "strong", requestId: undefined } as const;
    return await this.#component.write(batch);
  }
}

/** Without an ETag it only creates. */
function upsert(key: string, value: string, etag: string | undefined): Operation {
  return {
    kind: "upsert",
    key,
    value: encoder.encode(value),
    etag,
    concurrency: "first-write",
    // A store may give what is written without a TTL one of its own.
    ttlInSeconds: 0,
    contentType: undefined,
  };
}

function remove(key: string): Operation {
  return { kind: "delete", key, etag: undefined, concurrency: undefined };
}
