import { type Code, ComponentError } from "../../errors/component-error.ts";
import { type Platform, type Socket, withTimeout } from "../../platform.ts";
import { chunkSize } from "../body-flow.ts";
import type { FrameLink } from "../call-exchange.ts";
import type { RelayOptions } from "../relay-connection.ts";
import {
  decodeFrame,
  encodeFrame,
  type Frame,
  FrameError,
  type FrameOf,
  lastFatal,
  relaySlack,
  subprotocol,
  version,
} from "../relay-protocol.ts";
import { PendingRequests, type RelayRequestFields } from "./pending-requests.ts";

/** What rides on a link. */
export interface LinkEvents {
  /** Welcomed. Where the session was not resumed, the relay knows nothing of what was agreed before. */
  welcomed(resumed: boolean): void;
  /** The socket is gone; the link tries again. */
  lost(): void;
  received(frame: Frame, body: Uint8Array): void;
}

const pingMs = 20_000;
/** Without a frame for so long the socket counts as dead. */
const silentMs = 45_000;
const welcomeMs = 10_000;
/** How long requests wait for a relay that is away, and the first opening for one that does not answer. */
const awayMs = 4_000;
const firstRetryMs = 100;
const lastRetryMs = 5_000;

/**
 * The member's end of a session: opens the socket, says hello, pings, and comes back when it is lost. Requests are
 * sent again until they are answered.
 */
export class RelayLink implements FrameLink {
  readonly farSide = "the relay";
  readonly wholeUpTo = chunkSize;
  readonly #platform: Platform;
  readonly #options: RelayOptions;
  readonly #events: LinkEvents;
  readonly #pending = new PendingRequests();
  #socket: Socket | undefined;
  #welcomed = false;
  #session: string | undefined;
  #retries = 0;
  #lastHeard = 0;
  #timers: (() => void)[] = [];
  #cancelAway: (() => void) | undefined;
  /** Set while the relay is away: its requests have waited long enough. */
  #away = false;
  #failure: ComponentError | undefined;
  readonly #waiting = new Set<{ resolve(): void; reject(error: ComponentError): void }>();

  constructor(platform: Platform, options: RelayOptions, events: LinkEvents) {
    this.#platform = platform;
    this.#options = options;
    this.#events = events;
  }

  get connected(): boolean {
    return this.#welcomed;
  }

  /** Connects. Resolves when welcomed; throws ComponentError when refused, or when no relay answers in time. */
  async open(): Promise<void> {
    this.#connect();
    await this.ready(awayMs);
  }

  /** Resolves when connected; throws ComponentError when refused, closed, or still not connected after `ms`. */
  async ready(ms: number): Promise<void> {
    if (this.#welcomed) return;
    if (this.#failure !== undefined) throw this.#failure;
    let waiter: { resolve(): void; reject(error: ComponentError): void } | undefined;
    const welcomed = new Promise<void>((resolve, reject) => {
      waiter = { resolve, reject };
      this.#waiting.add(waiter);
    });
    try {
      await withTimeout(this.#platform.clock, ms, welcomed, () => this.#unreachable());
    } finally {
      if (waiter !== undefined) this.#waiting.delete(waiter);
    }
  }

  #unreachable(): ComponentError {
    return new ComponentError(
      "UNAVAILABLE",
      `no relay answers at ${this.#options.url}; start one with \`daprlet relay\`, or correct the url`,
    );
  }

  #connect(): void {
    const { url } = this.#options;
    this.#timers.push(
      this.#platform.clock.after(welcomeMs, () => this.#socket?.close(4408, "no welcome came")),
    );
    let socket: Socket | undefined;
    let over = false;
    const mine = () => !over && this.#socket === socket;
    try {
      const opened = this.#platform.connect(url, [subprotocol], {
        open: () => this.#hello(),
        message: (data) => {
          if (mine()) this.#receive(data);
        },
        closed: (code, reason) => {
          const lost = mine();
          over = true;
          if (lost) this.#lost(code, reason);
        },
      });
      if (over) return;
      socket = opened;
      this.#socket = opened;
    } catch (error) {
      const cause = error instanceof Error ? error.message : "failed";
      this.#fail(new ComponentError("UNAVAILABLE", `the relay at ${url}: ${cause}`));
    }
  }

  #hello(): void {
    const { room, token, appId, namespace } = this.#options;
    this.#lastHeard = this.#platform.clock.now();
    this.#write({
      t: "hello",
      v: version,
      room,
      appId,
      namespace,
      ...(token === undefined ? {} : { token }),
      ...(this.#session === undefined ? {} : { session: this.#session }),
    });
  }

  #receive(data: string | Uint8Array): void {
    this.#lastHeard = this.#platform.clock.now();
    let decoded: ReturnType<typeof decodeFrame>;
    try {
      decoded = decodeFrame(data, relaySlack);
    } catch (error) {
      const cause = error instanceof FrameError ? error.message : "unknown";
      this.#platform.log.warn("the relay sent what is no frame", { cause });
      this.#socket?.close(4400, "not a frame");
      return;
    }
    const { frame, body } = decoded;
    switch (frame.t) {
      case "welcome":
        this.#welcome(frame);
        return;
      case "done":
        this.#pending.take(frame.id)?.resolve();
        return;
      case "refused": {
        const error = new ComponentError(frame.code as Code, frame.message);
        if (frame.id === 0) this.#refused(error);
        else this.#pending.take(frame.id)?.reject(error);
        return;
      }
      case "ping":
        this.#write({ t: "pong" });
        return;
      case "pong":
        return;
      default:
        this.#events.received(frame, body);
    }
  }

  #welcome({ session, resumed }: FrameOf<"welcome">): void {
    this.#session = session;
    this.#welcomed = true;
    this.#retries = 0;
    this.#away = false;
    this.#cancelAway?.();
    this.#cancelAway = undefined;
    this.#stopTimers();
    this.#keepAlive();
    this.#events.welcomed(resumed);
    this.#pending.resend((frame, body) => this.#write(frame, body));
    for (const waiter of this.#waiting) waiter.resolve();
  }

  #keepAlive(): void {
    this.#timers.push(
      this.#platform.clock.after(pingMs, () => {
        if (this.#platform.clock.now() - this.#lastHeard > silentMs) {
          this.#socket?.close(4408, "the relay is silent");
          return;
        }
        this.#write({ t: "ping" });
        this.#timers = [];
        this.#keepAlive();
      }),
    );
  }

  #lost(code: number, reason: string): void {
    const was = this.#welcomed;
    this.#welcomed = false;
    this.#socket = undefined;
    this.#stopTimers();
    if (this.#failure !== undefined) return;
    const { clock, log } = this.#platform;
    if (code >= 4400 && code <= lastFatal && code !== 4408) {
      this.#refused(new ComponentError("FAILED_PRECONDITION", `the relay ended the connection: ${reason}`));
      return;
    }
    if (was) {
      log.warn("the connection to the relay was lost; reconnecting", { relay: this.#options.url, code });
      this.#events.lost();
    }
    this.#cancelAway ??= clock.after(awayMs, () => this.#giveUpRequests());
    const [jitter = 0] = this.#platform.random(new Uint8Array(1));
    const wait =
      Math.min(lastRetryMs, firstRetryMs * 2 ** Math.min(this.#retries++, 10)) * (0.5 + jitter / 512);
    this.#timers.push(clock.after(wait, () => this.#connect()));
  }

  /** The relay has been away for long: what waits is told so, and what comes is refused until it is back. */
  #giveUpRequests(): void {
    this.#away = true;
    this.#pending.giveUp(this.#unreachable());
  }

  /** For good: it would be refused again. */
  #refused(error: ComponentError): void {
    this.#platform.log.error("the relay refuses this member", {
      relay: this.#options.url,
      cause: error.message,
    });
    this.#fail(error);
  }

  #fail(error: ComponentError): void {
    this.#failure ??= error;
    this.#welcomed = false;
    this.#cancelAway?.();
    this.#stopTimers();
    for (const waiter of this.#waiting) waiter.reject(this.#failure);
    this.#pending.giveUp(this.#failure);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000, "");
    this.#events.lost();
  }

  #stopTimers(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers = [];
  }

  /** Resolves when the relay has done it; sent again whenever the connection comes back. Throws ComponentError. */
  async request(fields: RelayRequestFields, body?: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#away) throw this.#unreachable();
    try {
      await this.#pending.add(fields, body, (frame, bytes) => this.#write(frame, bytes));
    } catch (error) {
      if (error instanceof FrameError) throw new ComponentError("INVALID_ARGUMENT", error.message);
      throw error;
    }
  }

  /** Sends now, or not at all: false when not connected. Throws FrameError. */
  send(frame: Frame, body?: Uint8Array): boolean {
    if (!this.#welcomed) return false;
    this.#write(frame, body);
    return true;
  }

  #write(frame: Frame, body?: Uint8Array): void {
    const bytes = encodeFrame(frame, body);
    if (this.#socket !== undefined && (this.#welcomed || frame.t === "hello")) this.#socket.send(bytes);
  }

  /** Ends the session; nothing is sent again. */
  close(): void {
    if (this.#failure !== undefined) return;
    this.#fail(new ComponentError("UNAVAILABLE", "the connection to the relay is closed; open it again"));
  }
}
