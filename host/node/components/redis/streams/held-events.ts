import type { Count, Grant } from "./stream-group.ts";

/** An event that this instance has in its hands. */
export interface Held extends Grant {
  /** Deliveries by this instance, the one under way included. */
  attempts: number;
  state: "ready" | "under way" | "waiting";
}

/** What a subscription holds of its stream. Bounded: `room` is what may be read, the rest waits on the server. */
export class HeldEvents {
  readonly #held = new Map<string, Held>();
  #waiting = 0;
  #stopped = false;
  #wake: (() => void) | undefined;

  /** `prefetch`: ready or under way. `maxWaiting`: in back-off. */
  constructor(
    readonly prefetch: number,
    readonly maxWaiting: number,
  ) {}

  /** How many more may be fetched. */
  get room(): number {
    return this.prefetch - (this.#held.size - this.#waiting);
  }

  /** Undefined for one that is held already. */
  add(grant: Grant): Held | undefined {
    if (this.#held.has(grant.event.id)) return undefined;
    const held: Held = { ...grant, attempts: 0, state: "ready" };
    this.#held.set(grant.event.id, held);
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
    if (this.#waiting >= this.maxWaiting || this.#held.get(held.event.id) !== held) return false;
    held.state = "waiting";
    this.#waiting++;
    this.#wake?.();
    return true;
  }

  drop(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    this.#leaveWaiting(held);
    this.#held.delete(id);
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
    while (this.room < this.prefetch / 2 && !this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  stopWaiting(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  #leaveWaiting(held: Held): void {
    if (held.state !== "waiting") return;
    held.state = "ready";
    this.#waiting--;
  }
}
