import type { OpenedStore } from "../components/open-component.ts";
import { backOffMs } from "../components/pubsub/back-off.ts";
import type { OutboxTarget } from "../components/state/outbox-target.ts";
import type { Item, Operation, Store, WriteBatch, WriteOutcome } from "../components/state/store.ts";
import { ComponentError } from "../errors/component-error.ts";
import { type Log, type Platform, withTimeout } from "../platform.ts";
import { decodeRecord, encodeRecord, type OutboxRecord } from "./outbox-record.ts";

/** Transactions whose events are not published yet, of all instances of an app together. */
export const SLOTS = 1024;
/** How long a record is left to the instance that wrote or claimed it. */
export const LEASE_MS = 5_000;
/** Between two looks for what instances that ended have left. */
const SCAN_MS = 5 * 60_000;
const PUBLISH_TIMEOUT_MS = 30_000;
const DRAIN_MS = 5_000;
const retry = { initialMs: 500, maxMs: 60_000 };

/** What an outbox has from its sidecar. */
export interface OutboxContext {
  readonly appId: string;
  readonly store: string;
  readonly platform: Platform;
  readonly log: Log;
  /** Rejects where the broker has not taken the event. */
  publish(target: OutboxTarget, event: string, requestId: string): Promise<void>;
}

/** A transaction; its operations are made anew for each attempt, because the store owns their values. */
export interface OutboxBatch extends Pick<WriteBatch, "consistency" | "requestId"> {
  operations(): readonly Operation[];
}

/**
 * The events of a store's transactions: each is written in the transaction, so that both are there or none, and
 * published once it is durable, as often as it takes. They wait in numbered slots, items that only an instance which
 * finds them free may take: so what another instance left when it ended is found by looking at them all. A record
 * belongs to one instance for a while, which it may renew; after that any may claim it.
 */
export class Outbox {
  readonly #opened: Pick<OpenedStore, "component">;
  readonly #context: OutboxContext;
  readonly #owner: string;
  /** Slots that are not to be tried: our own, and those that other instances were found in. */
  readonly #taken = new Set<number>();
  readonly #deliveries = new Map<number, Promise<void>>();
  /** What ends the waiting of each delivery that is to be tried again. */
  readonly #pauses = new Set<() => void>();
  #closed = false;
  #next: number;
  #working = true;
  #cancelScan: () => void = () => undefined;

  /** The store is asked for at each call: a policy may come to stand before it. */
  constructor(opened: Pick<OpenedStore, "component">, context: OutboxContext) {
    const { platform } = context;
    this.#opened = opened;
    this.#context = context;
    this.#owner = platform.uuid();
    const [low = 0, high = 0] = platform.random(new Uint8Array(2));
    this.#next = (high * 256 + low) % SLOTS;
    void this.#scan();
  }

  get #store(): Store {
    return this.#opened.component;
  }

  /**
   * Writes all of a transaction and its events, or nothing. Answers for its operations; throws as the store does, and
   * RESOURCE_EXHAUSTED where too many events wait for their broker.
   */
  async write(
    batch: OutboxBatch,
    { pubsub, topic }: OutboxTarget,
    events: readonly string[],
  ): Promise<WriteOutcome> {
    const { platform } = this.#context;
    for (let attempt = 0; ; attempt++) {
      const operations = batch.operations();
      const slot = this.#takeSlot();
      const id = platform.uuid();
      const until = platform.clock.now() + LEASE_MS;
      const record = { id, owner: this.#owner, until, pubsub, topic, events };
      let outcome: WriteOutcome;
      try {
        outcome = await this.#store.write({
          operations: [...operations, this.#put(slot, record, undefined)],
          atomic: true,
          consistency: batch.consistency,
          // The outcome of an attempt that found its slot taken is recorded as well.
          requestId: batch.requestId && (attempt === 0 ? batch.requestId : `${batch.requestId}~${attempt}`),
        });
      } catch (error) {
        // All may have been written before it failed: then it has to be published, too.
        this.#deliver(slot, id);
        throw error;
      }
      const refused = outcome.findIndex((refusal) => refusal !== undefined);
      // Another instance's record is in the slot, which stays taken until the next scan.
      if (refused === operations.length) continue;
      if (refused === -1) this.#deliver(slot, id);
      else this.#taken.delete(slot);
      return outcome.slice(0, operations.length);
    }
  }

  /** What is being published ends, within bounds; what waits is left to the next opening. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelScan();
    for (const end of this.#pauses) end();
    const { log, platform, store } = this.#context;
    const drained = Promise.all(this.#deliveries.values());
    await withTimeout(platform.clock, DRAIN_MS, drained, () => new Error("late")).catch(() => {
      log.warn(
        `${this.#deliveries.size} events of ${store} were not published in time; the next start does it`,
      );
    });
  }

  #takeSlot(): number {
    if (this.#taken.size === SLOTS) {
      throw new ComponentError(
        "RESOURCE_EXHAUSTED",
        `${SLOTS} transactions wait for their events to be published; see the log for what keeps the pub/sub from it`,
      );
    }
    while (this.#taken.has(this.#next)) this.#next = (this.#next + 1) % SLOTS;
    this.#taken.add(this.#next);
    return this.#next;
  }

  /** Beside the app's own items, not among them. */
  #key(slot: number): string {
    return `daprlet.outbox||${this.#context.appId}||${slot}`;
  }

  /** A record with the ETag of the one it replaces; with none, into an empty slot. */
  #put(slot: number, record: OutboxRecord, etag: string | undefined): Operation {
    const value = encodeRecord(record);
    const more = {
      etag,
      concurrency: "first-write",
      ttlInSeconds: undefined,
      contentType: undefined,
    } as const;
    return { kind: "upsert", key: this.#key(slot), value, ...more };
  }

  #deliver(slot: number, id: string): void {
    const delivery = this.#delivered(slot, id).finally(() => {
      this.#deliveries.delete(slot);
      this.#taken.delete(slot);
    });
    this.#deliveries.set(slot, delivery);
  }

  /** Resolves when the record is published and removed, is another's, or the outbox closes. */
  async #delivered(slot: number, id: string): Promise<void> {
    let published = false;
    for (let failures = 1; !this.#closed; failures++) {
      try {
        const claimed = await this.#claim(slot, id);
        if (claimed === undefined) return;
        if (!published) await this.#publish(claimed.record);
        published = true;
        await this.#write({
          kind: "delete",
          key: this.#key(slot),
          etag: claimed.etag,
          concurrency: undefined,
        });
        this.#works(undefined);
        return;
      } catch (error) {
        this.#works(ComponentError.from(error).message);
      }
      await this.#pause(backOffMs(retry, failures, this.#context.platform));
    }
  }

  /** Ends early when the outbox closes. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const cancel = this.#context.platform.clock.after(ms, end);
      this.#pauses.add(end);
    });
  }

  /** The record as this instance's for the time being; undefined where it is gone or another's. */
  async #claim(
    slot: number,
    id: string,
  ): Promise<{ record: OutboxRecord; etag: string | undefined } | undefined> {
    const item = await this.#store.get(this.#key(slot), "strong");
    const record = item && decodeRecord(item.value);
    // A repeated request finds the record of its first run elsewhere, and nothing or another's here.
    if (record?.id !== id) return undefined;
    const now = this.#context.platform.clock.now();
    if (record.until > now) return record.owner === this.#owner ? { record, etag: item?.etag } : undefined;
    const renewed = { ...record, owner: this.#owner, until: now + LEASE_MS };
    const [refusal] = await this.#write(this.#put(slot, renewed, item?.etag));
    return refusal === undefined ? await this.#claim(slot, id) : undefined;
  }

  async #publish({ id, pubsub, topic, events }: OutboxRecord): Promise<void> {
    const { appId, platform, publish } = this.#context;
    for (const [i, event] of events.entries()) {
      const publishing = publish({ pubsub, topic }, event, `${appId}/outbox/${id}/${i}`);
      await withTimeout(
        platform.clock,
        PUBLISH_TIMEOUT_MS,
        publishing,
        () => new ComponentError("DEADLINE_EXCEEDED", `pub/sub ${pubsub} took longer than 30 s`),
      );
    }
  }

  /** Says once that events have to wait, and once that they are published again. */
  #works(cause: string | undefined): void {
    const { log, store } = this.#context;
    const works = cause === undefined;
    if (works === this.#working) return;
    this.#working = works;
    if (works) log.info(`events of transactions on ${store} are published again`);
    else log.error(`events of transactions on ${store} wait and are tried again: ${cause}`);
  }

  /** Of a record alone: when a power failure takes it back, an event comes twice. */
  async #write(operation: Operation): Promise<WriteOutcome> {
    return await this.#store.write({
      operations: [operation],
      atomic: false,
      consistency: "eventual",
      requestId: undefined,
    });
  }

  /** Looks for what other instances left, and again when the first of it is free. */
  async #scan(): Promise<void> {
    const { platform, log, store } = this.#context;
    const { clock } = platform;
    let again = SCAN_MS;
    try {
      const items = await this.#all();
      const now = clock.now();
      for (const [slot, item] of items.entries()) {
        if (this.#closed) return;
        if (this.#deliveries.has(slot)) continue;
        if (item === undefined) {
          this.#taken.delete(slot);
          continue;
        }
        this.#taken.add(slot);
        const record = item instanceof ComponentError ? undefined : decodeRecord(item.value);
        if (record === undefined) log.error(`an event of a transaction on ${store} cannot be read`, { slot });
        else if (record.until > now) again = Math.min(again, record.until - now);
        else this.#deliver(slot, record.id);
      }
    } catch (error) {
      again = LEASE_MS;
      const cause = ComponentError.from(error).message;
      log.warn(`whether events of transactions on ${store} wait to be published cannot be seen: ${cause}`);
    }
    if (!this.#closed) this.#cancelScan = clock.after(again, () => void this.#scan());
  }

  async #all(): Promise<readonly (Item | ComponentError | undefined)[]> {
    const keys = Array.from({ length: SLOTS }, (_, slot) => this.#key(slot));
    try {
      return await this.#store.bulkGet(keys);
    } catch (error) {
      if (!(error instanceof ComponentError && error.code === "DATA_LOSS")) throw error;
    }
    return await Promise.all(
      keys.map(async (key) => {
        try {
          return await this.#store.get(key, "strong");
        } catch (error) {
          return ComponentError.from(error);
        }
      }),
    );
  }
}
