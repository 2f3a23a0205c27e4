import { ComponentError } from "../../errors/component-error.ts";
import { type Platform, withTimeout } from "../../platform.ts";
import type { Component } from "../component.ts";
import { type Mask, masked } from "./mask.ts";
import type { FinishedSpan, SpanExporter } from "./span-exporter.ts";

/** The oldest of more that wait are lost. */
const capacity = 2_048;
const batchSize = 512;
/** How long a span waits for others to go with it: short, because a service worker may end. */
const delayMs = 1_000;
const longestBackOffMs = 30_000;
/** What is left at the end may take so long. */
const closingMs = 2_000;

const hopeless: ReadonlySet<string> = new Set([
  "INVALID_ARGUMENT",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "UNIMPLEMENTED",
]);

/** Takes spans and hands them to an exporter in batches. Nothing waits for it, and nothing it does fails its caller. */
export class SpanQueue implements Component {
  readonly #name: string;
  readonly #exporter: SpanExporter;
  readonly #platform: Platform;
  readonly #mask: Mask | undefined;
  readonly #waiting: FinishedSpan[] = [];
  #cancel: (() => void) | undefined;
  #sending: Promise<boolean> | undefined;
  #failures = 0;
  /** Since the collector was last there. */
  #lost = 0;
  #lostInAll = 0;
  #closed = false;

  constructor(name: string, exporter: SpanExporter, platform: Platform, mask: Mask | undefined) {
    this.#name = name;
    this.#exporter = exporter;
    this.#platform = platform;
    this.#mask = mask;
  }

  /** How many spans were lost so far, in metadata. */
  get facts(): ReadonlyMap<string, string> {
    return this.#lostInAll === 0 ? new Map() : new Map([["spansLost", String(this.#lostInAll)]]);
  }

  add(span: FinishedSpan): void {
    if (this.#closed) return;
    this.#waiting.push(span);
    if (this.#waiting.length > capacity) {
      this.#waiting.shift();
      this.#lose(1);
    }
    if (this.#sending !== undefined || this.#failures > 0) return;
    if (this.#waiting.length >= batchSize) this.#send();
    else this.#cancel ??= this.#platform.clock.after(delayMs, () => this.#send());
  }

  #lose(spans: number): void {
    this.#lost += spans;
    this.#lostInAll += spans;
  }

  #send(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#sending = this.#export().then((sent) => {
      this.#sending = undefined;
      if (this.#closed || this.#waiting.length === 0) return sent;
      const waits = Math.min(delayMs * 2 ** Math.max(0, this.#failures - 1), longestBackOffMs);
      if (sent && this.#waiting.length >= batchSize) this.#send();
      else this.#cancel = this.#platform.clock.after(waits, () => this.#send());
      return sent;
    });
  }

  /** One batch. False: it waits to be sent again. Never rejects. */
  async #export(): Promise<boolean> {
    const { log } = this.#platform;
    const batch = this.#waiting.splice(0, batchSize);
    const mask = this.#mask;
    try {
      await this.#exporter.export(mask === undefined ? batch : batch.map((span) => masked(span, mask)));
      if (this.#lost > 0) log.warn(`exporter ${this.#name} is back; ${this.#lost} spans were lost meanwhile`);
      this.#failures = 0;
      this.#lost = 0;
      return true;
    } catch (error) {
      const { code, message } = ComponentError.from(error);
      if (hopeless.has(code)) {
        this.#lostInAll += batch.length;
        this.#failures = 0;
        log.warn(`exporter ${this.#name} lost ${batch.length} spans: ${message}`);
        return true;
      }
      // The first failure is news; the repetitions of one that goes on failing are not.
      log[this.#failures === 0 ? "warn" : "debug"](
        `exporter ${this.#name} keeps its spans and tries again: ${message}`,
      );
      this.#failures++;
      this.#waiting.unshift(...batch);
      const surplus = Math.max(0, this.#waiting.length - capacity);
      this.#waiting.splice(0, surplus);
      this.#lose(surplus);
      return false;
    }
  }

  async #drain(): Promise<void> {
    if ((await this.#sending) === false) return;
    while (this.#waiting.length > 0 && (await this.#export()));
  }

  /** What waits is sent, once and for 2 s at most. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    const late = () => new Error("late");
    await withTimeout(this.#platform.clock, closingMs, this.#drain(), late).catch(() => undefined);
    if (this.#waiting.length > 0) {
      this.#platform.log.warn(
        `exporter ${this.#name} ends with ${this.#waiting.length} spans that it could not send`,
      );
    }
    await this.#exporter.close();
  }
}
