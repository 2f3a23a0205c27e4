import { ComponentError } from "../../../errors/component-error.ts";
import type { ComponentContext } from "../../component.ts";
import { TransactionGroups } from "../../transaction-groups.ts";
import type {
  Durability,
  DurableStore,
  Item,
  ListingStore,
  Operation,
  WriteBatch,
  WriteOutcome,
} from "../store.ts";
import { decide, isLive, type PlacedBatch } from "./decide.ts";
import type { Folder } from "./folder.ts";
import { FolderLog } from "./folder-log.ts";
import { type Beside, isBeside, type Record, type StoredItem } from "./record.ts";

/** Larger values are files of their own: written once, whatever becomes of the items beside them. */
const LARGE = 1024;
/** How often items past their time are removed, with what is written then. They are missing from that time on. */
const SWEEP_MS = 60_000;

interface Job extends PlacedBatch {
  readonly files: Map<Operation, Beside>;
  /** Of the log, when its files were written. */
  losses: number;
  /** It failed, and may have taken effect all the same. */
  inDoubt: boolean;
}

const isValue = (name: string) => name.endsWith(".value");

/**
 * State in a folder, for any number of processes at once. A write puts its large values into new files, then commits one
 * record that names them; what a killed process left uncommitted is removed when the store is opened. All keys and
 * small values are in memory.
 */
export class FileStore implements DurableStore, ListingStore {
  readonly #folder: Folder;
  readonly #context: ComponentContext;
  readonly #log: FolderLog;
  readonly #writes: TransactionGroups<Job, WriteOutcome>;
  readonly #reads: TransactionGroups<undefined, undefined>;
  readonly #underWay = new Set<Promise<unknown>>();
  #sweepAt = 0;
  #closed: Promise<void> | undefined;

  constructor(folder: Folder, context: ComponentContext) {
    this.#folder = folder;
    this.#context = context;
    this.#log = new FolderLog(folder, context.log);
    const isFull = (error: unknown) => error instanceof ComponentError && error.code === "RESOURCE_EXHAUSTED";
    this.#writes = new TransactionGroups((jobs) => this.#commit(jobs, []), isFull);
    this.#reads = new TransactionGroups(
      async (asked) => {
        await this.#log.refresh();
        return asked;
      },
      () => false,
    );
  }

  get durability(): Durability {
    return this.#folder.durability;
  }

  async open(): Promise<this> {
    const names = await this.#folder.list();
    await this.#log.open();
    await this.#commit([], names.filter(isValue));
    return this;
  }

  async get(key: string): Promise<Item | undefined> {
    return (await this.bulkGet([key]))[0];
  }

  bulkGet(keys: readonly string[]): Promise<readonly (Item | undefined)[]> {
    return this.#during(async () => {
      for (let lost: string | undefined; ; ) {
        await this.#reads.submit(undefined, false);
        const found = keys.map((key) => this.#find(key));
        const items = await Promise.all(found.map((stored) => stored && this.#item(stored)));
        const missing = found.find((stored, i) => stored !== undefined && items[i] === undefined);
        if (missing === undefined) return items;
        if (missing.etag === lost) throw lostValue();
        // Its next version has been written meanwhile.
        lost = missing.etag;
      }
    });
  }

  list(from: string, to: string, limit: number): Promise<readonly string[]> {
    return this.#during(async () => {
      await this.#reads.submit(undefined, false);
      return this.#log.listed.first(from, to, limit, (key) => this.#find(key) !== undefined);
    });
  }

  write(batch: WriteBatch): Promise<WriteOutcome> {
    return this.#during(async () => {
      const job: Job = { batch, files: new Map(), losses: this.#log.losses, inDoubt: false };
      try {
        await this.#place(job);
        return await this.#writes.submit(job, true);
      } catch (error) {
        if (!job.inDoubt) this.#remove([...job.files.values()].map(({ file }) => file));
        throw error;
      }
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled([...this.#underWay]);
    await this.#folder.close();
  }

  #during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) {
      return Promise.reject(new ComponentError("UNAVAILABLE", `the store ${this.#context.name} is closed`));
    }
    const doing = work();
    this.#track(doing);
    return doing;
  }

  #track(doing: Promise<unknown>): void {
    const done = doing
      .catch(() => undefined)
      .then(() => {
        this.#underWay.delete(done);
      });
    this.#underWay.add(done);
  }

  #find(key: string): StoredItem | undefined {
    const stored = this.#log.items.get(key);
    return isLive(stored, this.#context.platform.clock.now()) ? stored : undefined;
  }

  /** Undefined: its value is not there. */
  async #item({ value, etag, expiresAt }: StoredItem): Promise<Item | undefined> {
    const bytes = isBeside(value) ? await this.#folder.read(value.file) : value.slice();
    if (bytes === undefined || (isBeside(value) && bytes.byteLength !== value.size)) return undefined;
    return { value: bytes, etag, expiresAt: expiresAt || undefined };
  }

  /** Writes the large values of a batch. */
  async #place(job: Job): Promise<void> {
    job.losses = this.#log.losses;
    for (const operation of job.batch.operations) {
      if (operation.kind !== "upsert" || operation.value.byteLength <= LARGE) continue;
      const placed = { file: `${this.#context.platform.uuid()}.value`, size: operation.value.byteLength };
      job.files.set(operation, placed);
      await this.#folder.create(placed.file, operation.value);
    }
  }

  /** Commits jobs in one record, with the removal of what expired and of those of `listed` that belong to nothing. */
  async #commit(jobs: readonly Job[], listed: readonly string[]): Promise<readonly WriteOutcome[]> {
    const { platform, log } = this.#context;
    for (;;) {
      await this.#log.refresh();
      if (await this.#placeAgain(jobs)) continue;
      const now = platform.clock.now();
      const { number, id: after } = this.#log;
      const id = platform.uuid();
      const { items, outcomes, results } = decide(jobs, this.#log, id, now);
      this.#sweep(items, now);
      const lost = listed.length === 0 ? [] : this.#unused(listed);
      const replaced = filesOf([...items.keys()].map((key) => this.#log.items.get(key)));
      if (items.size + outcomes.size + lost.length > 0) {
        const record = { id, after, items, outcomes, lost };
        if (!(await this.#append(number, record, jobs))) continue;
      }
      const kept = new Set(filesOf(items.values()));
      const placed = jobs.flatMap(({ files }) => [...files.values()].map(({ file }) => file));
      this.#remove([...lost, ...replaced, ...placed.filter((file) => !kept.has(file))]);
      await this.#log.compact().catch((error: unknown) => {
        log.warn(`the store's files are not compacted: ${ComponentError.from(error).message}`);
      });
      return results;
    }
  }

  /** Whether files that were written for these jobs may have been removed as nobody's, and were written again. */
  async #placeAgain(jobs: readonly Job[]): Promise<boolean> {
    const stale = jobs.filter(({ losses, files }) => losses !== this.#log.losses && files.size > 0);
    for (const job of stale) {
      this.#remove([...job.files.values()].map(({ file }) => file));
      job.files.clear();
      await this.#place(job);
    }
    return stale.length > 0;
  }

  async #append(number: number, record: Record, jobs: readonly Job[]): Promise<boolean> {
    try {
      return await this.#log.append(number, record);
    } catch (error) {
      const there = await this.#log.refresh().then(
        () => this.#log.has(number + 1, record),
        () => undefined,
      );
      if (there === false) throw error;
      for (const job of jobs) job.inDoubt = true;
      const { message } = ComponentError.from(error);
      throw new ComponentError("UNAVAILABLE", `${message}; the write has taken effect or not: read it back`);
    }
  }

  #unused(files: readonly string[]): readonly string[] {
    const used = new Set(filesOf(this.#log.items.values()));
    return files.filter((file) => !used.has(file));
  }

  /** Adds the removal of what expired to changes. */
  #sweep(items: Map<string, StoredItem | undefined>, now: number): void {
    const { items: all, outcomes } = this.#log;
    for (const [id, outcome] of outcomes) {
      if (isLive(outcome, now)) break;
      outcomes.delete(id);
    }
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + SWEEP_MS;
    for (const [key, item] of all) if (!isLive(item, now) && !items.has(key)) items.set(key, undefined);
  }

  /** In the background: what stays is removed when the store is opened. */
  #remove(files: Iterable<string>): void {
    for (const file of files) this.#track(this.#folder.remove(file));
  }
}

/** The files that hold the values of items. */
function filesOf(items: Iterable<StoredItem | undefined>): readonly string[] {
  return [...items].flatMap((item) => (isBeside(item?.value) ? item.value.file : []));
}

function lostValue(): ComponentError {
  return new ComponentError(
    "DATA_LOSS",
    "the file with the item's value is missing or damaged: put it back from a copy, or write the item again",
  );
}
