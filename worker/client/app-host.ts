import { actorHeader, isMoved } from "../../host/actors/actors.ts";
import { appTurnstile } from "../../host/channel/app-turnstile.ts";
import { header, type RuntimeRequest, type RuntimeResponse, withoutHeader } from "../../host/http.ts";
import { measuredBody } from "../../host/measured-body.ts";
import type { Clock } from "../../host/platform.ts";
import type { Turnstile } from "../../host/turnstile.ts";
import { REQUEST_ID_HEADER, type WireRequest, type WireResponse } from "../messages.ts";
import { bodyless, eager, flatten } from "../wire.ts";
import { TopicHandlers } from "./topic-handlers.ts";

/** A fetch-style handler: a Hono app's `fetch`, or any function from Request to Response. */
export type FetchHandler = (request: Request) => Response | Promise<Response>;

/** Subscriptions as data, in the shape that an app answers on `GET /dapr/subscribe`. */
export type AppSubscription = Readonly<Record<string, unknown>> & {
  readonly pubsubname: string;
  readonly topic: string;
};

/** Actors that this page hosts, where its sidecar is a worker. */
export interface PageHosting {
  /** Answers a call that the worker found to be about an actor of this page. */
  receive(request: WireRequest, signal: AbortSignal | undefined): Promise<WireResponse>;
  /** The worker's end of the way by which this page takes part in placement, and reaches its store; one for each connection. */
  connect(): MessagePort;
  /** Lets calls end, and leaves. */
  stop(): Promise<void>;
}

/** What an app in a page is made of. */
export interface AppParts {
  readonly handler?: FetchHandler | undefined;
  /** In the handler's place: an app over the runtime's own records. */
  readonly records?: ((request: RuntimeRequest) => Promise<RuntimeResponse>) | undefined;
  readonly subscriptions?: readonly AppSubscription[] | undefined;
  /** Calls under way at a time, each until its answer has been read; 0: no limit, undefined: that of the app before. */
  readonly maxConcurrency?: number | undefined;
  /** Classes of actors: asked before the handler. Undefined for a request that is not about them. */
  readonly actors?: ((request: RuntimeRequest) => Promise<RuntimeResponse> | undefined) | undefined;
  readonly hosting?: PageHosting | undefined;
}

/** How many answers are remembered for repetitions, and how many bytes of them. */
const REMEMBERED = 256;
const REMEMBERED_BYTES = 4 << 20;
const PATIENCE_MS = 20;

/** The origin that a handler sees in its requests' URLs; a document of an opaque origin has none to show. */
export function baseOf({ location: { origin } }: Window): string {
  return origin === "null" ? "http://localhost" : origin;
}

interface Memory {
  readonly answers: Map<string, { readonly answer: Promise<WireResponse>; size: number }>;
  bytes: number;
}

/** The answer of `work`, begun when its turn has come; the turn ends when the answer has been read. */
async function inTurn(
  turnstile: Turnstile,
  signal: AbortSignal | undefined,
  work: () => Promise<WireResponse>,
): Promise<WireResponse> {
  await turnstile.enter(signal);
  try {
    const answer = await work();
    return { ...answer, body: measuredBody(answer.body, () => turnstile.leave()) };
  } catch (error) {
    turnstile.leave();
    throw error;
  }
}

/** The page as an app: hands invocations to the handler, and repeats an answer when the same invocation comes again. */
export class AppHost {
  readonly topics: TopicHandlers;
  readonly #parts: AppParts;
  readonly #clock: Clock;
  readonly #base: string;
  readonly #memory: Memory;
  readonly #turnstile: Turnstile | undefined;

  /** `before`: what it succeeds; topics and answers go on. */
  constructor(parts: AppParts, clock: Clock, base: string, before?: AppHost) {
    const { maxConcurrency } = parts;
    this.#parts = parts;
    this.#clock = clock;
    this.#base = base;
    this.topics = before?.topics ?? new TopicHandlers();
    if (maxConcurrency !== undefined)
      this.#turnstile = maxConcurrency > 0 ? appTurnstile(maxConcurrency) : undefined;
    else this.#turnstile = before === undefined ? undefined : before.#turnstile;
    this.#memory = before === undefined ? { answers: new Map(), bytes: 0 } : before.#memory;
  }

  /** The same page when it answers for nothing but topics; undefined where there are none. */
  withoutApp(): AppHost | undefined {
    return this.topics.empty ? undefined : new AppHost({}, this.#clock, this.#base, this);
  }

  /** The same anew, so that its subscriptions are read again; undefined where nothing is left that it could answer. */
  renewed(): AppHost | undefined {
    const { handler, records, actors } = this.#parts;
    if ((handler ?? records ?? actors) === undefined) return this.withoutApp();
    const parts = { ...this.#parts, maxConcurrency: undefined };
    return new AppHost(parts, this.#clock, this.#base, this);
  }

  get hosting(): PageHosting | undefined {
    return this.#parts.hosting;
  }

  /** What goes with the word that this page serves, over each connection anew. */
  ports(): MessagePort[] {
    const { hosting } = this.#parts;
    return hosting === undefined ? [] : [hosting.connect()];
  }

  /** Ids whose answers are remembered, the oldest first. */
  get answered(): string[] {
    return [...this.#memory.answers.keys()];
  }

  /** Never rejects: a handler that throws is a 500. The signal says that the caller itself has given up. */
  answer(request: WireRequest, signal: AbortSignal | undefined): Promise<WireResponse> {
    const id = header(request.headers, REQUEST_ID_HEADER);
    if (id === undefined) return this.#run(request, signal);
    const known = this.#memory.answers.get(id);
    if (known !== undefined) return known.answer;
    const headers = withoutHeader(request.headers, REQUEST_ID_HEADER);
    const answer = this.#run({ ...request, headers }, signal);
    signal?.addEventListener("abort", () => this.#forget(id), { once: true });
    this.#remember(id, answer);
    return answer;
  }

  #remember(id: string, answer: Promise<WireResponse>): void {
    const entry = { answer, size: 0 };
    this.#memory.answers.set(id, entry);
    void answer.then(({ headers, body }) => {
      // A stream is read once: it cannot be repeated. Of an actor that moved, another page has the answer.
      if (body instanceof ReadableStream || isMoved({ headers })) this.#forget(id);
      else if (body !== undefined && this.#memory.answers.get(id) === entry) {
        entry.size = body.byteLength;
        this.#memory.bytes += entry.size;
      }
      for (const oldest of this.#memory.answers.keys()) {
        if (this.#memory.answers.size <= REMEMBERED && this.#memory.bytes <= REMEMBERED_BYTES) break;
        this.#forget(oldest);
      }
    });
  }

  #forget(id: string): void {
    this.#memory.bytes -= this.#memory.answers.get(id)?.size ?? 0;
    this.#memory.answers.delete(id);
  }

  async #run(request: WireRequest, signal: AbortSignal | undefined): Promise<WireResponse> {
    const { hosting } = this.#parts;
    if (hosting === undefined || header(request.headers, actorHeader) === undefined)
      return await this.run(request, signal);
    return await hosting.receive(request, signal);
  }

  /** As {@link answer}, of the app itself, and nothing is remembered. */
  async run(request: WireRequest, signal: AbortSignal | undefined): Promise<WireResponse> {
    const { method, path, body } = request;
    try {
      if (method === "GET" && path === "/dapr/subscribe") return await this.#subscribed(request);
      const answer = async () =>
        await (this.topics.answer(path, body) ??
          this.#parts.actors?.({ ...request, signal }) ??
          this.#handled(request, signal));
      return await (this.#turnstile === undefined ? answer() : inTurn(this.#turnstile, signal, answer));
    } catch (error) {
      console.error(`daprlet: the app's handler failed on ${method} ${path}`, error);
      const text = new TextEncoder().encode("the app's handler failed; see the console of its tab");
      return { status: 500, headers: ["content-type", "text/plain"], body: text };
    }
  }

  /** What the app subscribes to, and what the page does by functions. */
  async #subscribed(request: WireRequest): Promise<WireResponse> {
    const { entries, empty } = this.topics;
    const answer = (list: readonly unknown[]): WireResponse => ({
      status: 200,
      headers: ["content-type", "application/json"],
      body: new TextEncoder().encode(JSON.stringify(list)),
    });
    const { subscriptions } = this.#parts;
    if (subscriptions !== undefined) return answer([...subscriptions, ...entries]);
    const own = await this.#handled(request, undefined);
    if (empty) return own;
    const list: unknown =
      own.status === 200 ? await new Response((own.body ?? null) as BodyInit | null).json() : [];
    return answer([...(Array.isArray(list) ? list : []), ...entries]);
  }

  async #handled(request: WireRequest, signal: AbortSignal | undefined): Promise<WireResponse> {
    const { handler, records } = this.#parts;
    if (records !== undefined) {
      const { status, headers, body } = await records({ ...request, signal });
      return { status, headers, body };
    }
    if (handler === undefined) return { status: 404, headers: [], body: undefined };
    const { method, path, query, body } = request;
    const headers: [string, string][] = [];
    for (let i = 0; i < request.headers.length; i += 2) {
      headers.push([request.headers[i] as string, request.headers[i + 1] as string]);
    }
    const init: RequestInit & { duplex?: "half" } = { method, headers };
    if (signal !== undefined) init.signal = signal;
    if (body !== undefined && method !== "GET" && method !== "HEAD") {
      init.body = body as BodyInit;
      if (body instanceof ReadableStream) init.duplex = "half";
    }
    const url = this.#base + path + (query === "" ? "" : `?${query}`);
    return await this.#wire(await handler(new Request(url, init)));
  }

  async #wire(response: Response): Promise<WireResponse> {
    const { status } = response;
    const headers = flatten(response.headers);
    if (response.body === null || bodyless(status)) return { status, headers, body: undefined };
    const live = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
    const body = live
      ? response.body
      : await eager(response.body, (pause) => this.#clock.after(PATIENCE_MS, pause));
    return { status, headers, body };
  }
}
