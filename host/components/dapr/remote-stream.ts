import { ComponentError } from "../../errors/component-error.ts";
import { type EventFields, serverSentEvents } from "../../server-sent-events.ts";
import type { ComponentContext } from "../component.ts";
import type { SubscribeRequest } from "../pubsub/event.ts";
import { RemoteError } from "./remote-error.ts";
import { metadataQuery } from "./remote-json.ts";
import type { RemoteSidecar } from "./remote-sidecar.ts";

/** Silence of more than two heartbeats: the other end is gone, whatever the connection says. */
const SILENCE_MS = 40_000;

/** One stream of events of another sidecar, from its answer until either end goes. */
export class RemoteStream {
  readonly #remote: RemoteSidecar;
  readonly #context: ComponentContext;
  readonly #id: string;
  readonly #body: ReadableStream<Uint8Array>;
  readonly #ending = new AbortController();

  private constructor(
    remote: RemoteSidecar,
    context: ComponentContext,
    id: string,
    body: ReadableStream<Uint8Array>,
  ) {
    this.#remote = remote;
    this.#context = context;
    this.#id = id;
    this.#body = body;
  }

  /** Rejects with a ComponentError; UNIMPLEMENTED where the sidecar has no streams. */
  static async open(
    remote: RemoteSidecar,
    context: ComponentContext,
    signal: AbortSignal,
  ): Promise<RemoteStream> {
    const { headers, body } = await remote.stream(streamsPath(remote), signal).catch((error) => {
      throw isUnknownPath(error) ? unserved(remote, context) : error;
    });
    const id = headers.get("daprlet-stream");
    if (id !== null && body !== null) return new RemoteStream(remote, context, id, body);
    await body?.cancel().catch(() => undefined);
    throw new ComponentError("UNKNOWN", `the sidecar at ${remote.url} did not answer as daprlet does`);
  }

  get ended(): boolean {
    return this.#ending.signal.aborted;
  }

  end(): void {
    this.#ending.abort();
  }

  /** Rejects when it breaks off, which silence counts as. */
  async *events(): AsyncGenerator<EventFields> {
    const { clock } = this.#context.platform;
    let heard = true;
    let cancel = () => {};
    const watch = () => {
      cancel = clock.after(SILENCE_MS, () => {
        if (!heard) return this.end();
        heard = false;
        watch();
      });
    };
    watch();
    try {
      yield* serverSentEvents(this.#body, this.#ending.signal, () => {
        heard = true;
      });
    } finally {
      cancel();
    }
  }

  /** Adds a topic; it takes the place of the one of that name that is there. */
  async add({ topic, consumerId, metadata, concurrency, backOff }: SubscribeRequest, ackTimeoutMs: number) {
    const query = new URLSearchParams({ consumer: consumerId, ackTimeout: `${ackTimeoutMs}ms` });
    if (concurrency !== undefined) query.set("concurrency", String(concurrency));
    if (backOff !== undefined) {
      query.set("redeliverInterval", `${backOff.initialMs}ms`);
      query.set("maxRedeliverInterval", `${backOff.maxMs}ms`);
    }
    const more = metadataQuery(metadata).replace("?", "&");
    await this.#call("PUT", topic, `&${query}${more}`);
  }

  /** No more of its events come; those that came can still be settled. */
  async remove(topic: string): Promise<void> {
    await this.#call("DELETE", topic, "");
  }

  async #call(method: "PUT" | "DELETE", topic: string, query: string): Promise<void> {
    const path = `${streamsPath(this.#remote)}/${encodeURIComponent(topic)}?stream=${encodeURIComponent(this.#id)}${query}`;
    await this.#remote.call({ method, path, signal: this.#ending.signal });
  }
}

/** Of a pub/sub component there: where streams of its events are opened, and what became of events is told. */
export function streamsPath({ component }: RemoteSidecar): string {
  return `/v1.0-alpha1/subscribe/${component}`;
}

function isUnknownPath(error: unknown): boolean {
  if (!(error instanceof RemoteError)) return false;
  return [404, 405].includes(error.status) && !error.errorCode.startsWith("ERR_PUBSUB_");
}

function unserved({ url }: RemoteSidecar, { name }: ComponentContext): ComponentError {
  return new ComponentError(
    "UNIMPLEMENTED",
    `pub/sub ${name} publishes only: the sidecar at ${url} has no streams of events (daprd has none over HTTP, nor has daprlet with --strict) and hands events to its own app alone; put a daprlet sidecar there, or join both by a relay (pubsub.relay), to subscribe`,
  );
}
