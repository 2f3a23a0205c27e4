import type { WireResponse } from "../messages.ts";

/** An event as its envelope says it (CloudEvents 1.0), with what Dapr adds. */
export interface CloudEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly specversion: string;
  readonly topic: string;
  readonly pubsubname: string;
  readonly data?: unknown;
  /** Of events that are bytes, and of all that are published without an envelope. */
  readonly data_base64?: string;
  readonly [attribute: string]: unknown;
}

/** Nothing: consumed. `RETRY`, and what it throws: to be delivered again. `DROP`: given up, or a dead letter. */
// biome-ignore lint/suspicious/noConfusingVoidType: what a function that returns nothing returns
type Outcome = void | undefined | "SUCCESS" | "RETRY" | "DROP";
export type EventHandler = (event: CloudEvent) => Outcome | Promise<Outcome>;

export interface SubscribeOptions {
  /** The app that subscribes; the one that was registered last when left out. */
  readonly appId?: string;
  /** Left out: the only pub/sub that the app has. */
  readonly pubsubname?: string;
  readonly deadLetterTopic?: string;
  /** As of a subscription: `{ rawPayload: "true" }` for events that are published without an envelope. */
  readonly metadata?: Readonly<Record<string, string>>;
}

interface Topic {
  /** As the app's list of subscriptions has it. */
  readonly entry: Readonly<Record<string, unknown>> & { readonly topic: string };
  readonly handlers: Set<EventHandler>;
}

const prefix = "/daprlet/topics/";

/** What a page subscribes to by functions: each topic has one route of the app, that only its sidecar uses. */
export class TopicHandlers {
  readonly #topics = new Map<string, Topic>();

  get empty(): boolean {
    return this.#topics.size === 0;
  }

  get entries(): readonly Topic["entry"][] {
    return [...this.#topics.values()].map(({ entry }) => entry);
  }

  /** The same in every tab of the app, so that one may get what another subscribed to. */
  static routeOf(topic: string, { pubsubname }: SubscribeOptions): string {
    const names = pubsubname === undefined ? [topic] : [pubsubname, topic];
    return prefix + names.map(encodeURIComponent).join("/");
  }

  /** Answers what takes it away again. The options of the first handler of a topic are its subscription's. */
  add(topic: string, handler: EventHandler, options: SubscribeOptions): () => void {
    const { appId: _, ...rest } = options;
    const route = TopicHandlers.routeOf(topic, options);
    const entry = { ...rest, topic, route };
    const known: Topic = this.#topics.get(route) ?? { entry, handlers: new Set() };
    this.#topics.set(route, known);
    // One function may be given twice.
    const own: EventHandler = (event) => handler(event);
    known.handlers.add(own);
    return () => {
      known.handlers.delete(own);
      if (known.handlers.size === 0 && this.#topics.get(route) === known) this.#topics.delete(route);
    };
  }

  /** Undefined for a request that is not about a topic. */
  answer(
    path: string,
    body: Uint8Array | ReadableStream<Uint8Array> | undefined,
  ): Promise<WireResponse> | undefined {
    return path.startsWith(prefix) ? this.#deliver(this.#topics.get(path), body) : undefined;
  }

  /** Every handler of the topic gets it; it comes again to all of them where one of them asks for that. */
  async #deliver(
    topic: Topic | undefined,
    body: Uint8Array | ReadableStream<Uint8Array> | undefined,
  ): Promise<WireResponse> {
    // Another tab of the app subscribed to it, or this one did: it must not be given up for that.
    if (topic === undefined) return { status: 503, headers: [], body: undefined };
    const event = (await new Response((body ?? null) as BodyInit | null).json()) as CloudEvent;
    const outcomes = await Promise.all(
      [...topic.handlers].map(async (handler) => {
        try {
          return (await handler(event)) ?? "SUCCESS";
        } catch (error) {
          console.error(
            `daprlet: a handler of topic ${topic.entry.topic} failed; the event will come again`,
            error,
          );
          return "RETRY";
        }
      }),
    );
    const status = outcomes.includes("RETRY") ? "RETRY" : outcomes.includes("DROP") ? "DROP" : "SUCCESS";
    return {
      status: 200,
      headers: ["content-type", "application/json"],
      body: new TextEncoder().encode(JSON.stringify({ status })),
    };
  }
}
