import { type AppChannel, AppUnreachableError } from "../host/channel/app-channel.ts";
import { chooseByKey } from "../host/components/pubsub/choose-by-key.ts";
import { header, type RuntimeRequest, type RuntimeResponse } from "../host/http.ts";
import type { Clock } from "../host/platform.ts";
import { REQUEST_ID_HEADER } from "./messages.ts";
import { PageGoneError } from "./page-gone-error.ts";

/** How long a call waits for pages that are known to exist and have not said hello to this worker yet. */
export const REJOIN_MS = 2000;
/** How long one call is offered to tabs that are busy or frozen before it fails. */
const PATIENCE_MS = 30_000;

/** How many requests are remembered with the page that they were given to. */
const REMEMBERED = 1024;

/** One tab that answers for the app: a `PageConnection`, or in page mode the page itself. */
export interface ServingPage {
  /** The browser's id of the client, the same over all its connections; in page mode there is none. */
  readonly clientId?: string;
  readonly open: boolean;
  /** False while it is busy or frozen: others are asked first. */
  readonly awake: boolean;
  /** See `PageConnection.invoke`. */
  invoke(request: RuntimeRequest, patient: boolean): Promise<RuntimeResponse | undefined>;
}

const notFound: RuntimeResponse = Object.freeze({ status: 404, headers: [], body: undefined });

/** The sidecar's own questions about the app. */
function asksTheApp({ method, path }: RuntimeRequest): boolean {
  return method === "GET" && (path === "/dapr/subscribe" || path === "/dapr/config");
}

/** The app channel of an app in pages: its tabs share the calls in turn, and one that is gone or asleep is passed over. */
export class PageChannel implements AppChannel {
  /** With the number that tells each from all others. */
  readonly #pages = new Map<ServingPage, number>();
  #added = 0;
  readonly #answered = new Map<string, ServingPage>();
  readonly #waiting = new Set<() => void>();
  /** Clients that are about to say hello: every call that may be a repetition waits for all of them. */
  readonly #expected = new Set<string>();
  /** Clients that live and still have not: waited for by calls that nobody else can answer. */
  readonly #late = new Set<string>();
  #turn = 0;

  constructor(
    readonly appId: string,
    readonly clock: Clock,
  ) {}

  get properties(): Readonly<Record<string, unknown>> {
    return { protocol: "page", instances: this.#pages.size };
  }

  /** True when a page answers for the app, or one that did is about to say hello again. */
  get served(): boolean {
    return this.#pages.size > 0 || this.#expected.size > 0 || this.#late.size > 0;
  }

  /**
   * Those clients served the app before the worker was started again, or have lost their connection: calls wait for
   * them, a bounded while, and longer for one that `lives` and has nobody beside it.
   */
  expect(clients: readonly string[], lives: (client: string) => Promise<boolean>): void {
    for (const client of clients) this.#expected.add(client);
    this.clock.after(REJOIN_MS, () => void this.#overdue(clients, lives));
  }

  async #overdue(clients: readonly string[], lives: (client: string) => Promise<boolean>): Promise<void> {
    for (let waited = REJOIN_MS; waited < PATIENCE_MS; waited += REJOIN_MS) {
      const missing = clients.filter((client) => this.#expected.has(client) || this.#late.has(client));
      if (missing.length === 0) return;
      const living = await Promise.all(missing.map(lives));
      missing.forEach((client, i) => {
        if (!this.#expected.delete(client) && !this.#late.has(client)) return;
        this.#late[living[i] === true ? "add" : "delete"](client);
      });
      this.#arrived();
      await new Promise<void>((resolve) => void this.clock.after(REJOIN_MS, resolve));
    }
    for (const client of clients) this.#late.delete(client);
    this.#arrived();
  }

  /** `answered`: ids of requests whose answers this page remembers; their repetitions go to it. */
  add(page: ServingPage, answered: readonly string[]): void {
    this.#pages.set(page, this.#added++);
    for (const id of answered) this.#answered.set(id, page);
    this.#expected.delete(page.clientId ?? "");
    this.#late.delete(page.clientId ?? "");
    this.#arrived();
  }

  /** True when it was there. */
  remove(page: ServingPage): boolean {
    for (const [id, holder] of this.#answered) if (holder === page) this.#answered.delete(id);
    return this.#pages.delete(page);
  }

  async invoke(request: RuntimeRequest): Promise<RuntimeResponse> {
    const requestId = header(request.headers, REQUEST_ID_HEADER);
    const patient = request.body instanceof ReadableStream;
    // Events of one partition go to one tab, as to one instance of any app.
    let key = header(request.headers, "partitionkey");
    const until = this.clock.now() + PATIENCE_MS;
    let begun = false;
    while (this.clock.now() < until) {
      // A repetition must find the page that answered the first time, so all who may be it are waited for.
      if (requestId !== undefined) while (this.#expected.size > 0) await this.#arrival();
      const holder = requestId === undefined ? undefined : this.#answered.get(requestId);
      if (begun && holder === undefined) throw this.#closedDuringCall();
      const page = holder ?? this.#next(key);
      if (page === undefined) {
        if (!this.#awaited(request)) return this.#unserved(request);
        await this.#arrival();
        continue;
      }
      // One that does not begin it is not asked again and again.
      key = undefined;
      // From here on a repetition belongs to this page, be it that its first sending is still under way.
      if (requestId !== undefined) this.#remember(requestId, page);
      try {
        const response = await page.invoke(request, patient);
        if (response !== undefined) return response;
        if (requestId !== undefined && holder === undefined) this.#answered.delete(requestId);
      } catch (error) {
        if (!(error instanceof PageGoneError)) throw error;
        this.remove(page);
        // It may only have lost its connection: then it remembers what it has begun, and brings that along.
        begun = error.taken && requestId !== undefined && this.#expected.has(page.clientId ?? "");
        if (patient || (error.taken && !begun)) throw this.#closedDuringCall();
      }
    }
    throw this.#unreachable(`none of its tabs began the call within ${PATIENCE_MS} ms`);
  }

  async ready(signal: AbortSignal): Promise<void> {
    while (this.#pages.size === 0 && this.#expected.size > 0) {
      signal.throwIfAborted();
      await this.#arrival();
    }
  }

  async close(): Promise<void> {
    this.#expected.clear();
    this.#late.clear();
    this.#arrived();
  }

  #remember(requestId: string, page: ServingPage): void {
    this.#answered.set(requestId, page);
    if (this.#answered.size <= REMEMBERED) return;
    for (const oldest of this.#answered.keys()) {
      this.#answered.delete(oldest);
      break;
    }
  }

  #arrival(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #arrived(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** The key's own, else the next one in turn, of those that are awake if any is. Without a pause, so that no twin comes between. */
  #next(key: string | undefined): ServingPage | undefined {
    for (const page of this.#pages.keys()) if (!page.open) this.remove(page);
    const pages = [...this.#pages.keys()];
    const awake = pages.filter((page) => page.awake);
    const candidates = awake.length > 0 ? awake : pages;
    if (key !== undefined) return chooseByKey(key, candidates, (page) => this.#pages.get(page) ?? 0);
    return candidates[this.#turn++ % candidates.length];
  }

  /** What the sidecar asks by itself is asked again when a page comes late. */
  #awaited(request: RuntimeRequest): boolean {
    return this.#expected.size > 0 || (this.#late.size > 0 && !asksTheApp(request));
  }

  /** An app that nobody serves has no subscriptions and no configuration; all else of it cannot be reached. */
  #unserved(request: RuntimeRequest): RuntimeResponse {
    if (asksTheApp(request)) return notFound;
    throw this.#unreachable("no open tab serves it; open one that calls serve()");
  }

  #closedDuringCall(): AppUnreachableError {
    return this.#unreachable("its tab was closed during the call", true);
  }

  #unreachable(why: string, sent = false): AppUnreachableError {
    return new AppUnreachableError(`app ${this.appId} cannot be reached: ${why}`, { sent });
  }
}
