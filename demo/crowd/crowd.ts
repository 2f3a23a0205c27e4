import { actor } from "daprlet/actors";
import type { Cell, Told } from "./cell.ts";

export const size = 1_000;

/** Calls at a time by which it is found out where actors live. */
const searches = 16;
const patience = 20;

/** What this tab knows of one actor. */
export interface Known {
  told: Told | undefined;
  /** The table that was the newest when the actor was asked. */
  version: string;
  /** When this tab's call began that is not answered yet. */
  asked: number | undefined;
  /** When its counting was heard of. */
  counted: number;
}

interface Heard extends Told {
  readonly id: number;
  readonly version: string;
}

/** A thousand actors as one tab sees them: by what they answered it, and what they answered other tabs. */
export class Crowd {
  readonly cells: readonly Known[];
  readonly tab: number;
  answered = 0;
  /** Calls that were asked again because the tab of their actor died during a turn. */
  repeated = 0;
  failed = 0;
  lastFailure = "";
  longest = 0;
  version = "";
  readonly #channel = new BroadcastChannel("daprlet crowd");
  readonly #name = crypto.randomUUID();
  #fresh: Heard[] = [];
  #calls = 0;
  #searching = 0;
  #due = 0;

  constructor(tab: number) {
    this.tab = tab;
    this.cells = Array.from({ length: size }, () => ({
      told: undefined,
      version: "",
      asked: undefined,
      counted: Number.NEGATIVE_INFINITY,
    }));
    this.#channel.onmessage = ({ data }) => {
      for (const heard of data as readonly Heard[]) this.#hear(heard);
    };
  }

  get waiting(): number {
    return this.cells.filter(({ asked }) => asked !== undefined).length;
  }

  /** Asks about the table, and all actors where it is another one. */
  async look(): Promise<void> {
    const { extended } = await (await fetch("/v1.0/metadata")).json();
    this.version = extended["actors.table"] ?? "";
    this.#search();
  }

  /** Calls for so many calls a second since the last time, to actors at random; tells other tabs what was answered. */
  stream(calls: number): void {
    for (this.#due += calls; this.#due >= 1; this.#due--) {
      const id = Math.floor(Math.random() * size);
      if (this.cells[id]?.asked === undefined) void this.count(id);
    }
    if (this.#fresh.length > 0) this.#channel.postMessage(this.#fresh);
    this.#fresh = [];
  }

  async count(id: number): Promise<void> {
    const call = `${this.#name} ${++this.#calls}`;
    await this.#ask(id, () => actor<Cell>("Cell", String(id)).count(this.tab, call));
  }

  /** Keeps some calls going until every actor has told where it lives by the newest table. */
  #search(): void {
    const start = Math.floor(Math.random() * size);
    for (let i = 0; i < size && this.#searching < searches; i++) {
      const id = (start + i) % size;
      const known = this.cells[id] as Known;
      if (known.version === this.version || known.asked !== undefined) continue;
      this.#searching++;
      void this.#ask(id, () => actor<Cell>("Cell", String(id)).where()).then(() => {
        this.#searching--;
        this.#search();
      });
    }
  }

  async #ask(id: number, work: () => Promise<Told>): Promise<void> {
    const known = this.cells[id] as Known;
    const { version } = this;
    const began = performance.now();
    known.asked = began;
    for (let attempts = 1; ; attempts++) {
      try {
        const heard = { id, version, ...(await work()) };
        this.answered++;
        this.longest = Math.max(this.longest, performance.now() - began);
        this.#fresh.push(heard);
        this.#hear(heard);
        break;
      } catch (error) {
        this.lastFailure = String(error);
        if (attempts === patience) {
          this.failed++;
          break;
        }
        this.repeated++;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
    known.asked = undefined;
  }

  #hear({ id, version, tab, count, at }: Heard): void {
    const known = this.cells[id];
    if (known === undefined || at < (known.told?.at ?? 0)) return;
    if (known.told !== undefined && count > known.told.count) known.counted = performance.now();
    known.told = { tab, count, at };
    known.version = version;
  }
}
