import { ComponentError } from "../errors/component-error.ts";
import type { Platform } from "../platform.ts";
import { eventFrame, heartbeat } from "./event-frame.ts";
import type { Admitted } from "./intake.ts";
import type { Verdict } from "./verdict.ts";

const HEARTBEAT_MS = 15_000;
/** Written ahead of the reader. Bytes. */
const AHEAD = 64 << 10;

interface Pending {
  settle(verdict: Verdict): void;
  fail(error: Error): void;
}

/** The events that one reader is sent, and the verdicts that it owes: from the request for them until either end goes. */
export class EventStream {
  readonly id: string;
  readonly body: ReadableStream<Uint8Array>;
  readonly #platform: Platform;
  readonly #pending = new Map<string, Pending>();
  readonly #ended: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #cancelHeartbeat = () => {};
  /** Whether anything was read since the last heartbeat. */
  #read = true;
  #sent = 0;

  /** `ended` is called once, whoever ends it: then nothing more may be delivered. */
  constructor(
    readonly pubsub: string,
    platform: Platform,
    ended: (stream: EventStream) => void,
  ) {
    this.id = platform.uuid();
    this.#platform = platform;
    this.#ended = () => ended(this);
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#read = true;
        },
        cancel: () => this.#end(),
      },
      { highWaterMark: AHEAD, size: ({ byteLength }) => byteLength },
    );
    this.#write(heartbeat);
    this.#beat();
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Resolves with the reader's verdict. Rejects when there is none in time, or the stream or the signal ends before. */
  deliver(subscription: string, event: Admitted, timeoutMs: number, signal?: AbortSignal): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      if (this.#controller === undefined) return reject(gone());
      const id = `${this.id}.${++this.#sent}`;
      const cancel = this.#platform.clock.after(timeoutMs, () => {
        done();
        const late = `its reader gave no verdict within ${timeoutMs / 1000} s`;
        reject(new ComponentError("DEADLINE_EXCEEDED", late));
      });
      const leave = () => this.#pending.get(id)?.fail(signal?.reason);
      const done = () => {
        cancel();
        signal?.removeEventListener("abort", leave);
        this.#pending.delete(id);
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#pending.set(id, {
        settle(verdict) {
          done();
          resolve(verdict);
        },
        fail(error) {
          done();
          reject(error);
        },
      });
      this.#write(eventFrame(id, subscription, event));
    });
  }

  /** False where no event of that id waits for one. */
  settle(id: string, verdict: Verdict): boolean {
    const pending = this.#pending.get(id);
    pending?.settle(verdict);
    return pending !== undefined;
  }

  /** Closes it; what has no verdict is left to the broker. */
  end(): void {
    const controller = this.#controller;
    this.#end();
    controller?.close();
  }

  #end(): void {
    if (this.#controller === undefined) return;
    this.#controller = undefined;
    this.#cancelHeartbeat();
    this.#ended();
    for (const { fail } of [...this.#pending.values()]) fail(gone());
  }

  #write(bytes: Uint8Array): void {
    this.#controller?.enqueue(bytes);
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#platform.clock.after(HEARTBEAT_MS, () => {
      // Two heartbeats, and a full buffer that nobody touched: what comes again must not pile up there.
      const full = (this.#controller?.desiredSize ?? 0) <= 0;
      if (full && !this.#read) return this.end();
      this.#read = false;
      if (!full) this.#write(heartbeat);
      this.#beat();
    });
  }
}

function gone(): ComponentError {
  return new ComponentError("UNAVAILABLE", "its reader went away");
}
