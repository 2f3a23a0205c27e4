import type { Abortable } from "./abortable.ts";
import type { RuntimeRequest, RuntimeResponse } from "./http.ts";

/** What a host supplies: the only source of time, timers, randomness, network and log below a composition root. */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since any moment, with a fraction, for durations; left out where {@link now} has to do. */
  monotonic?(): number;
  /** Runs `task` once after `ms`. The answer cancels it; cancelling twice is harmless. */
  after(ms: number, task: () => void): () => void;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Fields are names, ids, counts and causes; never a stored value, a payload or a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  /** The least that it writes; left out: all. */
  readonly level?: LogLevel | undefined;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A message socket to another machine: the platform's WebSocket, or a port that leads to one. */
export interface Socket {
  send(data: string | Uint8Array): void;
  /** Bytes that `send` took and the network has not; the sender's measure for back-pressure. */
  readonly buffered: number;
  close(code?: number, reason?: string): void;
}

export interface SocketEvents {
  open(): void;
  message(data: string | Uint8Array): void;
  /** Called once, also when the socket never opened. */
  closed(code: number, reason: string): void;
}

/** What a client proves itself with, and whose servers it believes: PEM texts. */
export interface ClientTls {
  readonly rootCA?: string | undefined;
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
  /** Whether the server may ask for another handshake within a connection. */
  readonly renegotiation: boolean;
}

/** Connections to one server. */
export interface Connections {
  request(request: RuntimeRequest): Promise<RuntimeResponse>;
  /** Lets what is under way end. */
  close(): Promise<void>;
}

export interface Platform {
  readonly clock: Clock;
  readonly log: Log;
  /** Fills and returns the array with cryptographically strong random bytes. */
  random<T extends Uint8Array>(bytes: T): T;
  uuid(): string;
  /** Many will listen to this signal at a time: no leak that the host should warn of. Left out where it warns of none. */
  shared?(signal: AbortSignal): void;
  /** What a browser names the host's requests to others by; undefined outside of browsers. */
  readonly origin?: string;
  /** True where what leaves the machine may be in clear text. */
  readonly allowCleartext?: boolean | undefined;
  /** The network. Hosts without one throw an error that says so. */
  fetch(input: string, init?: RequestInit & { duplex?: "half" }): Promise<Response>;
  /** Connections with certificates of one's own; left out where a host cannot choose them. */
  secure?(origin: string, tls: ClientTls): Promise<Connections>;
  /** Opens a WebSocket. Hosts without one throw an error that says so. */
  connect(url: string, protocols: readonly string[], events: SocketEvents): Socket;
}

/** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Settles as `work` does, or rejects with the signal's reason. The work is not stopped. */
export function untilAborted<T>(work: Promise<T>, signal: Abortable | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Logs each sentence once. */
export function onceEach(log: Log): (sentence: string) => void {
  const said = new Set<string>();
  return (sentence) => {
    if (said.has(sentence)) return;
    said.add(sentence);
    log.info(sentence);
  };
}

/** Settles as `work` does, or rejects with the error of `late` once `ms` have passed. The work is not stopped. */
export function withTimeout<T>(clock: Clock, ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(late()));
    work.then(resolve, reject).finally(cancel);
  });
}

/** As {@link withTimeout}, with work that can be stopped: its signal aborts once it is late. */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => Error,
): Promise<T> {
  const ending = new AbortController();
  return await withTimeout(clock, ms, work(ending.signal), () => {
    ending.abort();
    return late();
  });
}
