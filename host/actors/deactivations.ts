import { reasonOf } from "../errors/reason-of.ts";
import { type RuntimeRequest, type RuntimeResponse, readBody } from "../http.ts";
import { type Platform, withDeadline, withTimeout } from "../platform.ts";
import type { ActorMeter } from "../telemetry/metrics/meters.ts";

/** The app is told of so many at a time. */
const atOnce = 64;
/** How long the app may take to let go of one. Milliseconds. */
const oneMs = 5_000;

export function pathOf(type: string, id: string): string {
  return `/actors/${encodeURIComponent(type)}/${encodeURIComponent(id)}`;
}

/**
 * Tells the app which actors are not active any more. Nobody is held up for long by an app that takes its time over many:
 * the rest is told meanwhile, and one that is called again before it was told of is told of first.
 */
export class Deactivations {
  readonly #app: (request: RuntimeRequest) => Promise<RuntimeResponse>;
  readonly #platform: Platform;
  readonly #meter: ActorMeter | undefined;
  /** By path; each is a type. */
  readonly #waiting = new Map<string, string>();
  readonly #telling = new Map<string, Promise<void>>();
  #ended: (() => void)[] = [];

  constructor(
    app: (request: RuntimeRequest) => Promise<RuntimeResponse>,
    platform: Platform,
    meter: ActorMeter | undefined,
  ) {
    this.#app = app;
    this.#platform = platform;
    this.#meter = meter;
  }

  /** Soon. */
  add(type: string, id: string): void {
    this.#waiting.set(pathOf(type, id), type);
    this.#next();
  }

  /** Now. */
  tell(type: string, id: string): Promise<void> {
    return this.#tell(pathOf(type, id), type);
  }

  /** To be awaited before the actor is called: undefined where the app need not be told of it. */
  pending(type: string, id: string): Promise<void> | undefined {
    if (this.#telling.size === 0) return undefined;
    const path = pathOf(type, id);
    return this.#waiting.has(path) ? this.#tell(path, type) : this.#telling.get(path);
  }

  /** Resolves when the app has been told of all, or after `ms`. */
  async within(ms: number): Promise<void> {
    if (this.#telling.size === 0) return;
    const all = new Promise<void>((resolve) => this.#ended.push(resolve));
    await withTimeout(this.#platform.clock, ms, all, () => new Error("late")).catch(() => undefined);
  }

  #next(): void {
    for (const [path, type] of this.#waiting) {
      if (this.#telling.size >= atOnce) return;
      void this.#tell(path, type);
    }
    if (this.#telling.size > 0) return;
    for (const ended of this.#ended.splice(0)) ended();
  }

  #tell(path: string, type: string): Promise<void> {
    this.#waiting.delete(path);
    const before = this.#telling.get(path);
    if (before !== undefined) return before;
    const telling = this.#send(path, type).then(() => {
      this.#telling.delete(path);
      this.#next();
    });
    this.#telling.set(path, telling);
    return telling;
  }

  async #send(path: string, type: string): Promise<void> {
    const { clock, log } = this.#platform;
    const late = () => new Error(`the app did not answer within ${oneMs / 1000} s`);
    const send = async (signal: AbortSignal) => {
      const given = { method: "DELETE", path, query: "", headers: [], body: undefined, signal };
      const { status, body } = await this.#app(given);
      await readBody(body);
      return status;
    };
    try {
      const status = await withDeadline(clock, oneMs, send, late);
      this.#meter?.deactivated(type, status === 200);
      if (status !== 200) log.warn(`the app answered the deactivation of an actor with ${status}`, { type });
    } catch (error) {
      this.#meter?.deactivated(type, false);
      const cause = reasonOf(error);
      log.warn("the app could not be told that an actor is deactivated", { type, cause });
    }
  }
}
