import type { Clock } from "../../host/platform.ts";
import type { Downstream, Upstream, Welcome, WireRequest, WireResponse } from "../messages.ts";
import { brokenAnswer, postWith } from "../wire.ts";
import type { AppHost } from "./app-host.ts";

/** Silence after which the worker is pinged, while something is outstanding. */
const QUIET_MS = 250;
/** Silence after which the port counts as dead: a worker that was stopped closes nothing and says nothing. */
const DEAD_MS = 1250;

interface Pending {
  readonly resolve: (response: WireResponse) => void;
  readonly resend: () => void;
  readonly settled: () => void;
}

export interface PortEvents {
  welcome(welcome: Welcome): void;
  /** The worker will not have this page: another protocol, or components that do not open. */
  refused(message: string, protocol: number): void;
  /** A page is wanted that holds the worker's sockets. */
  relayWanted(): void;
  /** Once; what was outstanding has been handed to `resend` before. */
  lost(): void;
}

/** The page's end of one connection to one life of the worker. */
export class Port {
  readonly #port: MessagePort;
  readonly #clock: Clock;
  readonly #events: PortEvents;
  readonly #pending = new Map<number, Pending>();
  readonly #invocations = new Map<number, AbortController>();
  readonly #streams = new Set<() => void>();
  #served: (() => void)[] = [];
  #app: AppHost | undefined;
  #greeting = true;
  #next = 1;
  #heard: number;
  #pinged = false;
  #due = 0;
  #timer: (() => void) | undefined;
  #dead = false;

  constructor(port: MessagePort, clock: Clock, events: PortEvents) {
    this.#port = port;
    this.#clock = clock;
    this.#events = events;
    this.#heard = clock.now();
    port.onmessage = ({ data }) => this.#receive(data as Downstream);
    this.#watch();
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** `resend` is called instead of an answer when the port died, unless the body was a stream: that is an error. */
  call(
    request: WireRequest,
    signal: AbortSignal | undefined,
    resend: () => Promise<WireResponse>,
  ): Promise<WireResponse> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const streamed = request.body instanceof ReadableStream;
      const again = () => {
        if (streamed)
          reject(new TypeError("the service worker was stopped while the request's stream was read"));
        else resend().then(resolve, reject);
      };
      const abort = () => {
        this.#pending.delete(id);
        this.#post({ type: "abort", id });
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
      // A signal may outlive thousands of calls.
      const settled = () => signal?.removeEventListener("abort", abort);
      this.#pending.set(id, { resolve, resend: again, settled });
      postWith(this.#port, request, (whole): Upstream => ({ type: "call", id, request: whole }), reject);
      this.#watch();
    });
  }

  /** What answers from now on. With `announce` the worker is told, and the promise waits for its word. */
  serve(app: AppHost | undefined, announce: boolean): Promise<void> {
    this.#app = app;
    if (!announce) return Promise.resolve();
    return new Promise((resolve) => {
      this.#served.push(resolve);
      this.#post({ type: "serving", serving: app !== undefined }, app?.ports());
      this.#watch();
    });
  }

  /** Hands the worker a port to the holder of its sockets. */
  relay(port: MessagePort): void {
    if (!this.#dead) this.#post({ type: "relay" }, [port]);
  }

  /** The worker is gone, or another one has come. What is outstanding is sent again by its callers. Idempotent. */
  lose(): void {
    if (this.#dead) return;
    this.close(true);
    for (const stop of this.#streams) stop();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { settled, resend } of pending) {
      settled();
      resend();
    }
    this.#events.lost();
  }

  /** Ends it without a word to the events. What the app is answering goes on: its caller may ask again for the outcome. */
  close(returning = false): void {
    if (this.#dead) return;
    this.#post({ type: "bye", returning });
    this.#dead = true;
    this.#timer?.();
    this.#port.close();
    for (const resolve of this.#served) resolve();
    this.#served = [];
  }

  #post(message: Upstream, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  #receive(message: Downstream): void {
    this.#heard = this.#clock.now();
    this.#pinged = false;
    switch (message.type) {
      case "answer": {
        const pending = this.#pending.get(message.id);
        if (pending === undefined) break;
        this.#pending.delete(message.id);
        pending.settled();
        const { response } = message;
        const { body } = response;
        pending.resolve(
          body instanceof ReadableStream ? { ...response, body: this.#mortal(body) } : response,
        );
        break;
      }
      case "invoke":
        void this.#invoke(message);
        break;
      case "cancel":
        this.#invocations.get(message.id)?.abort();
        break;
      case "welcome":
        this.#greeting = false;
        this.#events.welcome(message);
        break;
      case "refused":
        this.#greeting = false;
        this.#events.refused(message.message, message.protocol);
        break;
      case "device":
        void import("../client-devices.ts").then(async ({ answerDevice }) => {
          const answer = await answerDevice(message.request);
          if (!this.#dead) this.#post({ type: "device", id: message.id, answer });
        });
        break;
      case "relay-wanted":
        this.#events.relayWanted();
        break;
      case "served":
        this.#served.shift()?.();
        break;
    }
  }

  async #invoke({ id, request, expires }: Downstream & { type: "invoke" }): Promise<void> {
    const app = this.#app;
    // The worker gives a call that was not begun in time to another tab: it must not be begun here as well.
    if (app === undefined || this.#clock.now() > expires) return this.#post({ type: "stale", id });
    this.#post({ type: "taken", id });
    const abort = new AbortController();
    this.#invocations.set(id, abort);
    const response = await app.answer(request, abort.signal);
    this.#invocations.delete(id);
    if (this.#dead || abort.signal.aborted) return;
    const answer = (whole: WireResponse): Upstream => ({ type: "answer", id, response: whole });
    postWith(this.#port, response, answer, () => this.#post(answer(brokenAnswer())));
  }

  /** A transferred stream says nothing when its source dies: it fails with the port. */
  #mortal(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = stream.getReader();
    let stop: () => void = () => undefined;
    const dead = new Promise<never>((_, reject) => {
      stop = () => reject(new TypeError("the service worker was stopped while it was streaming the answer"));
    });
    dead.catch(() => undefined);
    this.#streams.add(stop);
    const end = () => this.#streams.delete(stop);
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await Promise.race([reader.read(), dead]);
        if (!done) return controller.enqueue(value);
        end();
        controller.close();
      },
      cancel(reason) {
        end();
        return reader.cancel(reason);
      },
    });
  }

  get #outstanding(): boolean {
    return this.#greeting || this.#pending.size > 0 || this.#served.length > 0;
  }

  /** One timer while something is outstanding, none otherwise. */
  #watch(): void {
    if (this.#timer !== undefined || this.#dead) return;
    // Silence counts from here: nobody had to say anything before.
    this.#heard = Math.max(this.#heard, this.#clock.now());
    this.#tickAfter(QUIET_MS);
  }

  #tickAfter(ms: number): void {
    this.#due = this.#clock.now() + ms;
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = undefined;
      if (this.#outstanding) this.#tick();
    });
  }

  #tick(): void {
    const now = this.#clock.now();
    // A page that was busy or asleep has messages waiting behind this timer: they are heard first.
    if (now - this.#due > QUIET_MS) this.#heard = now;
    const silent = now - this.#heard;
    if (silent >= DEAD_MS) {
      this.lose();
      return;
    }
    if (silent >= QUIET_MS && !this.#pinged) {
      this.#pinged = true;
      this.#post({ type: "ping" });
    }
    this.#tickAfter(QUIET_MS);
  }
}
