import { ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { type Platform, sleep } from "../../platform.ts";
import { statusOf } from "../guest-answer.ts";
import type { Api } from "../host-calls.ts";
import type { Prerequisites } from "../manifest.ts";
import type { MessageField } from "../message.ts";
import { JoinStore, type JoinWrite } from "./join-store.ts";

/** Others may write the same records: so often is one read and written anew. */
const ATTEMPTS = 20;

/** Between two looks at what is ready and was not called with success. */
const AGAIN_MS = 5_000;

/** Beyond twice the time of a call: what else it may wait for before it begins. */
const PATIENCE_MS = 15_000;

/** What became of an input. */
export type Arrival =
  /** Others are waited for. */
  | { readonly waitsFor: readonly string[] }
  /** It was the last one, and the function answered; undefined: it was called for these inputs before, or is being called. */
  | { readonly answer: readonly MessageField[] | undefined };

/** Calls the function. What it writes by one transaction of `store` is written together with `done`: once, whatever ends when. */
export type CallJoined = (
  id: string,
  inputs: Readonly<Record<string, unknown>>,
  commit: JoinCommit,
) => Promise<readonly MessageField[]>;

/** Goes into the first transaction of the called function on this store. */
export interface JoinCommit {
  readonly store: string;
  readonly operation: JoinWrite;
}

export interface JoinOptions {
  readonly api: Api;
  readonly platform: Platform;
  readonly packageName: string;
  readonly functionName: string;
  readonly prerequisites: Prerequisites;
  /** Of a call of the function. */
  readonly timeMs: number;
  readonly call: CallJoined;
}

/**
 * What one function waits for. An input is recorded before its cause is acknowledged; the last one together with the entry in
 * the list of those that are ready, which any later life finds, and calls the function by.
 */
export class Join {
  readonly #options: JoinOptions;
  readonly #store: JoinStore;
  readonly #ending = new AbortController();
  #keepsOn = false;
  #failing = false;

  constructor(options: JoinOptions) {
    this.#options = options;
    const { api, packageName, functionName, prerequisites } = options;
    this.#store = new JoinStore(api, packageName, functionName, prerequisites);
  }

  /** Looks for what an earlier life, or another instance, left ready. */
  start(): void {
    if (this.#keepsOn || this.#ending.signal.aborted) return;
    this.#keepsOn = true;
    void this.#keepOn(this.#ending.signal).catch(() => undefined);
  }

  close(): void {
    this.#ending.abort();
  }

  /** Records an input, and calls the function with the last one. Throws what the store or the function failed with. */
  async arrive(id: string, input: string, value: unknown): Promise<Arrival> {
    const { prerequisites } = this.#options;
    for (let i = 0; i < ATTEMPTS; i += 1) {
      const kept = await this.#store.read(id);
      const record = kept.value ?? { state: "waiting", inputs: {} };
      if (record.state === "ready") this.start();
      if (record.state !== "waiting") return { answer: undefined };
      const known = Object.hasOwn(record.inputs, input);
      const inputs = known ? record.inputs : { ...record.inputs, [input]: value };
      const waitsFor = prerequisites.inputs.filter((one) => !Object.hasOwn(inputs, one));
      if (known) return { waitsFor };
      if (waitsFor.length > 0) {
        if (await this.#store.write(this.#store.writing(id, { state: "waiting", inputs }, kept)))
          return { waitsFor };
        continue;
      }
      const ready = await this.#store.readReady();
      const ids = [...(ready.value ?? []).filter((one) => one !== id), id];
      const complete = this.#store.writing(id, { state: "ready", inputs, until: this.#lease }, kept);
      if (!(await this.#store.write(complete, this.#store.writingReady(ids, ready)))) continue;
      if (ids.length > 1) this.start();
      return { answer: await this.#fire(id) };
    }
    throw new ComponentError("UNAVAILABLE", "too many others write what it waits for");
  }

  get #lease(): number {
    const { platform, timeMs } = this.#options;
    return platform.clock.now() + 2 * timeMs + PATIENCE_MS;
  }

  /** Calls the function for inputs that are this instance's to call it for. */
  async #fire(id: string): Promise<readonly MessageField[] | undefined> {
    const { call, prerequisites } = this.#options;
    const kept = await this.#store.read(id);
    if (kept.value?.state !== "ready") return undefined;
    const operation = this.#store.writing(id, { state: "done" }, kept);
    let answer: readonly MessageField[];
    try {
      answer = await call(id, kept.value.inputs, { store: prerequisites.store, operation });
    } catch (error) {
      await this.#leave(id);
      throw error;
    }
    const status = statusOf(answer);
    // As with events: 404 gives it up, all else that is no success has it come again.
    if (status < 300 || status === 404) {
      this.#failing = false;
      await this.#finish(id);
    } else await this.#leave(id);
    return answer;
  }

  async #finish(id: string): Promise<void> {
    for (let i = 0; i < ATTEMPTS; i += 1) {
      const [kept, ready] = await Promise.all([this.#store.read(id), this.#store.readReady()]);
      const unlisted = this.#store.writingReady(
        (ready.value ?? []).filter((one) => one !== id),
        ready,
      );
      // The function's own transaction may have said so.
      const done = kept.value?.state === "ready" ? [this.#store.writing(id, { state: "done" }, kept)] : [];
      if (await this.#store.write(...done, unlisted)) return;
    }
    this.start();
  }

  /** It is to be called again, by whoever comes first. */
  async #leave(id: string): Promise<void> {
    const kept = await this.#store.read(id).catch(() => undefined);
    if (kept?.value?.state === "ready") {
      const left = this.#store.writing(id, { ...kept.value, until: 0 }, kept);
      await this.#store.write(left).catch(() => false);
    }
    this.start();
  }

  /** Until nothing is ready that was not called for. */
  async #keepOn(signal: AbortSignal): Promise<void> {
    try {
      while (await this.#again()) await sleep(this.#options.platform.clock, AGAIN_MS, signal);
    } finally {
      this.#keepsOn = false;
    }
  }

  /** False: nothing is left. */
  async #again(): Promise<boolean> {
    try {
      const ids = (await this.#store.readReady()).value ?? [];
      for (const id of ids) {
        if (this.#ending.signal.aborted) return false;
        await this.#take(id).catch((error: unknown) => this.#tell(error));
      }
      return ids.length > 0;
    } catch (error) {
      this.#tell(error);
      return true;
    }
  }

  /** Calls the function for one that is ready, where nobody else is about to. */
  async #take(id: string): Promise<void> {
    const kept = await this.#store.read(id);
    if (kept.value?.state !== "ready") return await this.#finish(id);
    if (kept.value.until > this.#options.platform.clock.now()) return;
    const taken = this.#store.writing(id, { ...kept.value, until: this.#lease }, kept);
    if (!(await this.#store.write(taken))) return;
    const answer = await this.#fire(id);
    const status = answer === undefined ? 200 : statusOf(answer);
    if (status >= 300 && status !== 404) throw new Error(`it answered ${status}`);
  }

  #tell(error: unknown): void {
    const { functionName, platform } = this.#options;
    const { log } = platform;
    // The first failure is news; the repetitions of one that goes on failing are not.
    log[this.#failing ? "debug" : "warn"](
      `function ${functionName}, whose inputs are there, will be called again: ${reasonOf(error)}`,
    );
    this.#failing = true;
  }
}
