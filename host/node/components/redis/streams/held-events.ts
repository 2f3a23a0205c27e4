import type { Count, Grant } from "./stream-group.ts";

/** An event that this instance has in its hands. */
export interface Held extends Grant {
  /** Deliveries by this instance, the one under way included. */
  attempts: number;
  state: "ready" | "under way" | "waiting";
}

/** Of events of one subscription that are in back-off, and again of those that are not. */
const maxBytes = 16 << 20;

const sizeOf = ({ event }: Held) => event.data.byteLength;

/**
 * What a subscription holds of its stream, bounded in number and size: `room` is what may be read, the rest waits on the
 * server.
 */
export class HeldEvents {
  readonly #held = new Map<string, Held>();
  #bytes = 0;
  #waiting = 0;
  #waitingBytes = 0;
  /** Size of an event, averaged over the last ones. */
  #typical = 1_024;
  #stopped = false;
  #wake: (() => void) | undefined;

  /** `prefetch`: ready or under way. `maxWaiting`: in back-off. */
  constructor(
    readonly prefetch: number,
    readonly maxWaiting: number,
  ) {}

  /** How many more may be fetched: at least one where none is held but those in back-off. */
  get room(): number {
    const active = this.#held.size - this.#waiting;
    const bytes = maxBytes - (this.#bytes - this.#waitingBytes);
    const fitting = Math.floor(bytes / this.#typical);
    return Math.min(this.prefetch - active, active === 0 ? Math.max(1, fitting) : fitting);
  }

  /** Undefined for one that is held already. */
  add(grant: Grant): Held | undefined {
    if (this.#held.has(grant.event.id)) return undefined;
    const held: Held = { ...grant, attempts: 0, state: "ready" };
    const size = sizeOf(held);
    this.#held.set(grant.event.id, held);
    this.#bytes += size;
    this.#typical = Math.max(1, this.#typical + (size - this.#typical) / 8);
    return held;
  }

  /** False for one that was lost meanwhile. */
  start(held: Held): boolean {
    if (this.#held.get(held.event.id) !== held) return false;
    this.#leaveWaiting(held);
    held.state = "under way";
    held.attempts++;
    return true;
  }

  /** Back-off; false where too many wait already. */
  wait(held: Held): boolean {
    if (this.#held.get(held.event.id) !== held) return false;
    if (this.#waiting >= this.maxWaiting || this.#waitingBytes + sizeOf(held) > maxBytes) return false;
    held.state = "waiting";
    this.#waiting++;
    this.#waitingBytes += sizeOf(held);
    this.#wake?.();
    return true;
  }

  drop(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    this.#leaveWaiting(held);
    this.#held.delete(id);
    this.#bytes -= sizeOf(held);
    this.#wake?.();
  }

  /** Of all, or of those that are not with the app. */
  counts(which: "all" | "idle"): readonly Count[] {
    const counts: Count[] = [];
    for (const { event, before, attempts, state } of this.#held.values()) {
      if (which === "all" || state !== "under way") counts.push([event.id, before + attempts]);
    }
    return counts;
  }

  /** Resolves once it is worth fetching, which one by one it is not, or `stopWaiting` was called. */
  async untilRoom(): Promise<void> {
    while (!this.#stopped && !this.#isHalfEmpty()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  stopWaiting(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  #isHalfEmpty(): boolean {
    const active = this.#held.size - this.#waiting;
    return this.room > 0 && active <= this.prefetch / 2 && this.#bytes - this.#waitingBytes <= maxBytes / 2;
  }

  #leaveWaiting(held: Held): void {
    if (held.state !== "waiting") return;
    held.state = "ready";
    this.#waiting--;
    this.#waitingBytes -= sizeOf(held);
  }
}
