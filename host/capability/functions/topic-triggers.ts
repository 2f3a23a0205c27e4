import { reasonOf } from "../../errors/reason-of.ts";
import { header } from "../../http.ts";
import { type Platform, sleep } from "../../platform.ts";
import { serverSentEvents } from "../../server-sent-events.ts";
import type { Verdict } from "../../subscriptions/verdict.ts";
import type { Api } from "../host-calls.ts";

/** How long to wait before a topic is subscribed to again. */
const AGAIN_MS = 1_000;

/** A topic whose events call a function. */
export interface TopicTrigger {
  /** Whose events they are: every function gets each event once. */
  readonly consumer: string;
  readonly pubsub: string;
  readonly topic: string;
  /** Events at a time. */
  readonly concurrency: number;
  /** Which of the function's prerequisites its events are. */
  readonly input: string | undefined;
  /** What became of an event, whose envelope is given. Never throws. */
  handle(event: Uint8Array): Promise<Verdict>;
}

const keyOf = ({ consumer, pubsub, topic, concurrency, input }: TopicTrigger) =>
  JSON.stringify([consumer, pubsub, topic, concurrency, input]);

/** Subscribes for functions, as a client of the sidecar's streams of events. */
export class TopicTriggers {
  readonly #api: Api;
  readonly #platform: Platform;
  readonly #following = new Map<
    string,
    { readonly ending: AbortController; readonly ended: Promise<void> }
  >();

  constructor(api: Api, platform: Platform) {
    this.#api = api;
    this.#platform = platform;
  }

  /** Follows these topics, and no others any more. */
  become(wanted: readonly TopicTrigger[]): void {
    const keys = new Set(wanted.map(keyOf));
    for (const [key, { ending }] of this.#following) {
      if (keys.has(key)) continue;
      ending.abort();
      this.#following.delete(key);
    }
    for (const trigger of wanted) {
      const key = keyOf(trigger);
      if (this.#following.has(key)) continue;
      const ending = new AbortController();
      this.#platform.shared?.(ending.signal);
      this.#following.set(key, { ending, ended: this.#follow(trigger, ending.signal) });
    }
  }

  async close(): Promise<void> {
    const all = [...this.#following.values()];
    this.#following.clear();
    for (const { ending } of all) ending.abort();
    await Promise.all(all.map(({ ended }) => ended));
  }

  async #follow(trigger: TopicTrigger, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#platform;
    const { pubsub, topic } = trigger;
    let told = "";
    while (!signal.aborted) {
      try {
        await this.#read(trigger, signal);
      } catch (error) {
        const cause = reasonOf(error);
        if (!signal.aborted && cause !== told) {
          log.warn(`a function waits for topic ${topic} of ${pubsub}: ${cause}`);
          told = cause;
        }
      }
      await sleep(clock, AGAIN_MS, signal).catch(() => undefined);
    }
  }

  /** Until the stream ends. */
  async #read(trigger: TopicTrigger, signal: AbortSignal): Promise<void> {
    const { consumer, pubsub, topic, concurrency } = trigger;
    const base = `/v1.0-alpha1/subscribe/${encodeURIComponent(pubsub)}`;
    const query = new URLSearchParams({ consumer, concurrency: String(concurrency) }).toString();
    const path = `${base}/${encodeURIComponent(topic)}`;
    const { status, headers, body } = await this.#api({
      method: "GET",
      path,
      query,
      headers: [],
      body: undefined,
      signal,
    });
    if (!(body instanceof ReadableStream) || header(headers, "daprlet-stream") === undefined)
      throw new Error(`it cannot be subscribed to (status ${status})`);
    for await (const fields of serverSentEvents(body, signal, () => undefined)) {
      const [id, data] = [fields.get("id"), fields.get("data")];
      if (id !== undefined && data !== undefined) void this.#settle(trigger, base, id, data);
    }
  }

  async #settle(trigger: TopicTrigger, base: string, id: string, data: string): Promise<void> {
    const encoder = new TextEncoder();
    const verdict = await trigger.handle(encoder.encode(data));
    const body = encoder.encode(JSON.stringify({ id, status: verdict.toUpperCase() }));
    const headers = ["content-type", "application/json"];
    // An event whose verdict does not arrive comes again.
    await this.#api({ method: "POST", path: base, query: "", headers, body }).catch(() => undefined);
  }
}
