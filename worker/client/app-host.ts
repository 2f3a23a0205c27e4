import { header, withoutHeader } from "../../host/http.ts";
import type { Clock } from "../../host/platform.ts";
import { REQUEST_ID_HEADER, type WireRequest, type WireResponse } from "../messages.ts";
import { bodyless, eager, flatten } from "../wire.ts";

/** A fetch-style handler: a Hono app's `fetch`, or any function from Request to Response. */
export type FetchHandler = (request: Request) => Response | Promise<Response>;

/** Subscriptions as data, in the shape that an app answers on `GET /dapr/subscribe`. */
export type AppSubscription = Readonly<Record<string, unknown>> & {
  readonly pubsubname: string;
  readonly topic: string;
};

/** How many answers are remembered for repetitions, and how many bytes of them. */
const REMEMBERED = 256;
const REMEMBERED_BYTES = 4 << 20;
const PATIENCE_MS = 20;

/** The page as an app: hands invocations to the handler, and repeats an answer when the same invocation comes again. */
export class AppHost {
  readonly #handler: FetchHandler;
  readonly #subscriptions: readonly AppSubscription[] | undefined;
  readonly #clock: Clock;
  readonly #base: string;
  readonly #answers = new Map<string, { readonly answer: Promise<WireResponse>; size: number }>();
  #bytes = 0;

  constructor(
    handler: FetchHandler,
    subscriptions: readonly AppSubscription[] | undefined,
    clock: Clock,
    /** The origin that the handler sees in its requests' URLs. */
    base: string,
  ) {
    this.#handler = handler;
    this.#subscriptions = subscriptions;
    this.#clock = clock;
    this.#base = base;
  }

  /** Ids whose answers are remembered, the oldest first. */
  get answered(): string[] {
    return [...this.#answers.keys()];
  }

  /** Never rejects: a handler that throws is a 500. The signal says that the caller itself has given up. */
  answer(request: WireRequest, signal: AbortSignal | undefined): Promise<WireResponse> {
    const id = header(request.headers, REQUEST_ID_HEADER);
    if (id === undefined) return this.#run(request, signal);
    const known = this.#answers.get(id);
    if (known !== undefined) return known.answer;
    const headers = withoutHeader(request.headers, REQUEST_ID_HEADER);
    const answer = this.#run({ ...request, headers }, signal);
    signal?.addEventListener("abort", () => this.#forget(id), { once: true });
    this.#remember(id, answer);
    return answer;
  }

  #remember(id: string, answer: Promise<WireResponse>): void {
    const entry = { answer, size: 0 };
    this.#answers.set(id, entry);
    void answer.then(({ body }) => {
      // A stream is read once: it cannot be repeated.
      if (body instanceof ReadableStream) this.#forget(id);
      else if (body !== undefined && this.#answers.get(id) === entry) {
        entry.size = body.byteLength;
        this.#bytes += entry.size;
      }
      for (const oldest of this.#answers.keys()) {
        if (this.#answers.size <= REMEMBERED && this.#bytes <= REMEMBERED_BYTES) break;
        this.#forget(oldest);
      }
    });
  }

  #forget(id: string): void {
    this.#bytes -= this.#answers.get(id)?.size ?? 0;
    this.#answers.delete(id);
  }

  async #run(request: WireRequest, signal: AbortSignal | undefined): Promise<WireResponse> {
    const { method, path, query, body } = request;
    if (this.#subscriptions !== undefined && method === "GET" && path === "/dapr/subscribe") {
      const data = new TextEncoder().encode(JSON.stringify(this.#subscriptions));
      return { status: 200, headers: ["content-type", "application/json"], body: data };
    }
    try {
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
      const response = await this.#handler(new Request(url, init));
      return await this.#wire(response);
    } catch (error) {
      console.error(`daprlet: the app's handler failed on ${method} ${path}`, error);
      const text = new TextEncoder().encode("the app's handler failed; see the console of its tab");
      return { status: 500, headers: ["content-type", "text/plain"], body: text };
    }
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
