import type { RuntimeRequest, RuntimeResponse } from "../host/http.ts";
import type { Clock } from "../host/platform.ts";
import type { DeviceAnswer, DeviceRequest } from "./components/page-devices.ts";
import { EndingStreams } from "./ending-streams.ts";
import type { Downstream, Upstream, WireRequest, WireResponse } from "./messages.ts";
import { PageGoneError } from "./page-gone-error.ts";
import { brokenAnswer, postWith } from "./wire.ts";

/** How long a page may take to say that it has begun an invocation, before it is offered to another tab. */
export const TAKE_MS = 1000;
/** A late word is waited for this much longer: messages queue behind a busy worker, timers do not. */
const GRACE_MS = 400;

/** What a connection needs of the worker around it. */
export interface ConnectionEvents {
  /** A call of the page. Never throws. */
  handle(request: RuntimeRequest): Promise<RuntimeResponse>;
  /** With the port of a page that hosts actors. */
  serving(serving: boolean, actors: MessagePort | undefined): Promise<void>;
  /** The page brings the port to the holder of sockets. */
  relay(port: MessagePort): void;
  /** `returning`: the page has lost no more than this connection, and is about to make another. */
  closed(returning: boolean): void;
}

interface Invocation {
  readonly resolve: (response: RuntimeResponse | undefined) => void;
  readonly reject: (error: Error) => void;
  taken: boolean;
  disarm: () => void;
}

interface Asked {
  readonly resolve: (answer: DeviceAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** The worker's end of one registered page: its calls of the API, and the calls of its app. */
export class PageConnection {
  readonly #calls = new Map<number, AbortController>();
  readonly #invocations = new Map<number, Invocation>();
  readonly #devices = new Map<number, Asked>();
  /** Answers that the page still reads. */
  readonly #streams = new EndingStreams();
  #next = 1;
  #open = true;
  #awake = true;

  constructor(
    /** As the page named it in its hello. */
    readonly name: string,
    readonly clientId: string,
    readonly port: MessagePort,
    readonly clock: Clock,
    readonly events: ConnectionEvents,
  ) {
    port.onmessage = ({ data, ports: [given] }) => this.#receive(data as Upstream, given);
    port.onmessageerror = () => this.close();
  }

  get open(): boolean {
    return this.#open;
  }

  /** False from an invocation that was not begun in time until the page is heard again. */
  get awake(): boolean {
    return this.#awake;
  }

  post(message: Downstream, transfer: Transferable[] = []): void {
    this.port.postMessage(message, transfer);
  }

  /**
   * Invocations of the page's app fail, and nobody reads what it was streamed. Its calls run to their end: the page may only have
   * lost this connection, and ask for their outcome through another. Idempotent.
   */
  close(returning = false): void {
    if (!this.#open) return;
    this.#open = false;
    this.port.close();
    for (const invocation of this.#invocations.values()) {
      invocation.disarm();
      invocation.reject(new PageGoneError(invocation.taken));
    }
    for (const { reject } of this.#devices.values()) reject(new PageGoneError(true));
    this.#devices.clear();
    this.#calls.clear();
    this.#streams.end();
    this.#invocations.clear();
    this.events.closed(returning);
  }

  /**
   * Hands a request to the page's app. Answers undefined when the page did not begin it in time and never will, so
   * that it may be given to another one. Throws {@link PageGoneError}. With `patient` there is no time limit: for
   * bodies that can be sent only once.
   */
  invoke(request: RuntimeRequest, patient: boolean): Promise<RuntimeResponse | undefined> {
    if (!this.#open) return Promise.reject(new PageGoneError(false));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const invocation: Invocation = { resolve, reject, taken: false, disarm: () => undefined };
      const settled = () => this.#invocations.delete(id);
      const give = () => {
        settled();
        this.#awake = false;
        resolve(undefined);
      };
      if (!patient) {
        invocation.disarm = this.clock.after(TAKE_MS + GRACE_MS, () => {
          invocation.disarm = this.clock.after(GRACE_MS, give);
        });
      }
      this.#invocations.set(id, invocation);
      request.signal?.addEventListener(
        "abort",
        () => {
          if (!this.#invocations.has(id)) return;
          settled();
          invocation.disarm();
          this.post({ type: "cancel", id });
          reject(request.signal?.reason);
        },
        { once: true },
      );
      const { method, path, query, headers, body } = request;
      const wire: WireRequest = { method, path, query, headers, body };
      const expires = patient ? Number.POSITIVE_INFINITY : this.clock.now() + TAKE_MS;
      const invoke = (whole: WireRequest): Downstream => ({ type: "invoke", id, request: whole, expires });
      postWith(this.port, wire, invoke, reject);
    });
  }

  /** Asks the page for what only a page can do. Rejects with {@link PageGoneError}, or with the signal's reason. */
  device(
    request: DeviceRequest,
    signal: AbortSignal | undefined,
    transfer?: Transferable[],
  ): Promise<DeviceAnswer> {
    if (!this.#open) return Promise.reject(new PageGoneError(false));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#devices.set(id, { resolve, reject });
      signal?.addEventListener("abort", () => this.#devices.delete(id) && reject(signal.reason), {
        once: true,
      });
      this.post({ type: "device", id, request }, transfer);
    });
  }

  #receive(message: Upstream, port: MessagePort | undefined): void {
    this.#awake = true;
    switch (message.type) {
      case "call":
        void this.#call(message.id, message.request);
        break;
      case "abort":
        this.#calls.get(message.id)?.abort();
        break;
      case "ping":
        this.post({ type: "pong" });
        break;
      case "serving":
        void this.events
          .serving(message.serving, port)
          .then(() => this.#open && this.post({ type: "served", serving: message.serving }));
        break;
      case "taken": {
        const invocation = this.#invocations.get(message.id);
        if (invocation === undefined) break;
        invocation.taken = true;
        invocation.disarm();
        break;
      }
      case "stale":
        this.#settle(message.id)?.resolve(undefined);
        break;
      case "answer":
        this.#settle(message.id)?.resolve(message.response);
        break;
      case "device":
        this.#devices.get(message.id)?.resolve(message.answer);
        this.#devices.delete(message.id);
        break;
      case "relay":
        if (port !== undefined) this.events.relay(port);
        break;
      case "bye":
        this.close(message.returning);
        break;
    }
  }

  #settle(id: number): Invocation | undefined {
    const invocation = this.#invocations.get(id);
    this.#invocations.delete(id);
    invocation?.disarm();
    return invocation;
  }

  async #call(id: number, request: WireRequest): Promise<void> {
    const abort = new AbortController();
    this.#calls.set(id, abort);
    const response = await this.events.handle({ ...request, signal: abort.signal });
    this.#calls.delete(id);
    if (abort.signal.aborted || !this.#open) {
      if (response.body instanceof ReadableStream) void response.body.cancel().catch(() => undefined);
      return;
    }
    const { status, headers } = response;
    const body = response.body instanceof ReadableStream ? this.#streams.add(response.body) : response.body;
    const answer = (whole: WireResponse): Downstream => ({ type: "answer", id, response: whole });
    postWith(this.port, { status, headers, body }, answer, () => this.post(answer(brokenAnswer())));
  }
}
