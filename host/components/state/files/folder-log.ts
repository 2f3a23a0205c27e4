import { ComponentError } from "../../../errors/component-error.ts";
import type { Log } from "../../../platform.ts";
import { ListedKeys } from "../listed-keys.ts";
import type { Folder } from "./folder.ts";
import { decodeRecord, encodeRecord, type Record, type StoredItem, type StoredOutcome } from "./record.ts";

/** Records between two snapshots: an eighth of the items, so that a snapshot costs each commit but eight of them. */
const FEWEST = 128;
const MOST = 512;
/** How many ids of records are remembered. */
const IDS = 4 * MOST;

const snapshotName = (number: number) => `${number}.snapshot`;
const recordName = (number: number) => `${number}.record`;

/** The numbers of the files of one kind, the greatest first. */
function numbersOf(names: readonly string[], kind: "snapshot" | "record"): readonly number[] {
  const numbers = names.flatMap((name) => {
    const [number = "", rest] = name.split(".");
    return rest === kind && /^\d+$/.test(number) ? [Number(number)] : [];
  });
  return numbers.sort((a, b) => b - a);
}

/**
 * Numbered records in a folder, of which each is committed by its file's being there, and what they add up to, in
 * memory. Any number of processes append: the folder gives each number once. Snapshots take the place of old records.
 *
 * Records are removed only after every snapshot before them. So as long as the snapshot that was read is there, a
 * record that is not there has not been written yet; otherwise memory begins anew with the newest snapshot.
 */
export class FolderLog {
  readonly items = new Map<string, StoredItem>();
  readonly listed = new ListedKeys();
  /** In the order of their expiry. */
  readonly outcomes = new Map<string, StoredOutcome>();
  readonly #folder: Folder;
  readonly #log: Log;
  #snapshot = 0;
  #number = 0;
  #id = "";
  readonly #ids = new Map<number, string>();
  #losses = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: Folder, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** The number of the record that memory is at. */
  get number(): number {
    return this.#number;
  }

  /** Its id. */
  get id(): string {
    return this.#id;
  }

  /** Changes when values that belong to no item may have been declared lost. */
  get losses(): number {
    return this.#losses;
  }

  async open(): Promise<void> {
    const names = await this.#folder.list();
    if (numbersOf(names, "snapshot").length === 0) {
      await this.#folder.create(snapshotName(0), this.#encode());
    }
    await this.#load();
    await this.refresh();
    for (const number of numbersOf(names, "record")) {
      // One that is listed, and not there, was not finished.
      if (number > this.#number && (await this.#folder.has(recordName(number)))) {
        throw damaged(this.#number + 1);
      }
    }
  }

  /** Memory holds at least what was committed before the call. */
  refresh(): Promise<void> {
    const turn = this.#turn.then(() => this.#refresh());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Commits a record as the one after `number`. False: another one came first. Rejected: it may be there or not. */
  async append(number: number, record: Record): Promise<boolean> {
    const free = await this.#folder.create(recordName(number + 1), encodeRecord(record));
    if (!free) return false;
    await this.refresh();
    const there = this.has(number + 1, record);
    if (there !== undefined) return there;
    throw new ComponentError("UNAVAILABLE", "another process compacted the store's files meanwhile");
  }

  /** Whether this is the record of that number; undefined: that is no longer known. */
  has(number: number, { id }: Record): boolean | undefined {
    const known = this.#ids.get(number);
    if (known !== undefined) return known === id;
    return number > this.#number ? false : undefined;
  }

  /** Once there are many records: a snapshot in their place. */
  async compact(): Promise<void> {
    const limit = Math.min(MOST, Math.max(FEWEST, this.items.size >> 3));
    const number = this.#number;
    const before = this.#snapshot;
    if (number - before < limit) return;
    const bytes = this.#encode();
    const newest = numbersOf(await this.#folder.list(), "snapshot").find((one) => one <= number) ?? before;
    const theirs = newest > before && (await this.#folder.has(snapshotName(newest)));
    if (!theirs) await this.#folder.create(snapshotName(number), bytes);
    if (!(await this.#folder.has(snapshotName(before)))) {
      // Records after the new one may be gone by now: whoever began with it would take it for the end.
      if (!theirs) await this.#folder.remove(snapshotName(number));
      return;
    }
    this.#snapshot = theirs ? newest : number;
    if (!theirs) await this.#removeUpTo(before);
  }

  /** The snapshot before the last stays, with what came after it: others may be there still. */
  async #removeUpTo(number: number): Promise<void> {
    let names = await this.#folder.list();
    for (;;) {
      const old = numbersOf(names, "snapshot").filter((one) => one < number);
      if (old.length === 0) break;
      for (const one of old) await this.#folder.remove(snapshotName(one));
      names = await this.#folder.list();
    }
    for (const one of numbersOf(names, "record")) {
      if (one <= number) await this.#folder.remove(recordName(one));
    }
  }

  async #refresh(): Promise<void> {
    for (;;) {
      const records = await this.#following();
      // Only now is it known that none of them was removed, and written again by a process that did not know.
      if (await this.#folder.has(snapshotName(this.#snapshot))) {
        for (const record of records) this.#take(record);
        return;
      }
      await this.#load();
      this.#losses++;
    }
  }

  /** The records after memory's; undefined stands for one that is damaged. */
  async #following(): Promise<readonly (Record | undefined)[]> {
    const records: (Record | undefined)[] = [];
    for (let id = this.#id; ; ) {
      const number = this.#number + records.length + 1;
      const bytes = await this.#folder.read(recordName(number));
      if (bytes === undefined) return records;
      const record = decodeRecord(bytes);
      if (record !== undefined && record.after !== id) {
        if (await this.#folder.has(snapshotName(this.#snapshot))) throw damaged(number - 1);
        return records;
      }
      id = record?.id ?? id;
      records.push(record);
    }
  }

  #take(record: Record | undefined): void {
    const number = ++this.#number;
    if (record === undefined) {
      // The power failed while it was on its way to the disk. What is written after it goes on from the one before.
      this.#log.warn(`${recordName(number)} of the store's files is damaged and left out`);
      return;
    }
    this.#apply(record);
    this.#ids.set(number, record.id);
    this.#ids.delete(number - IDS);
    if (record.lost.length > 0) this.#losses++;
  }

  async #load(): Promise<void> {
    for (let attempt = 0; attempt < 3; attempt++) {
      for (const number of numbersOf(await this.#folder.list(), "snapshot")) {
        const bytes = await this.#folder.read(snapshotName(number));
        const snapshot = bytes && decodeRecord(bytes);
        if (snapshot === undefined) continue;
        this.items.clear();
        this.listed.clear();
        this.outcomes.clear();
        this.#apply(snapshot);
        this.#number = number;
        this.#snapshot = number;
        return;
      }
    }
    throw new ComponentError(
      "FAILED_PRECONDITION",
      "the store's files were moved, deleted or replaced while they were open: put them back, or start the sidecar again",
    );
  }

  #encode(): Uint8Array {
    return encodeRecord({ id: this.#id, after: "", items: this.items, outcomes: this.outcomes, lost: [] });
  }

  #apply({ id, items, outcomes }: Record): void {
    this.#id = id;
    for (const [key, item] of items) {
      if (item?.listed) this.listed.add(key);
      else if (!this.listed.isEmpty && this.items.get(key)?.listed) this.listed.delete(key);
      if (item === undefined) this.items.delete(key);
      else this.items.set(key, item);
    }
    for (const [id, outcome] of outcomes) this.outcomes.set(id, outcome);
  }
}

function damaged(number: number): ComponentError {
  return new ComponentError(
    "DATA_LOSS",
    `the file ${recordName(number)} of the store is missing or damaged: put it back from a copy, or remove the folder to begin with nothing`,
  );
}
