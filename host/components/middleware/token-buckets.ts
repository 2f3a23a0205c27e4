interface Bucket {
  tokens: number;
  /** When `tokens` were counted, in milliseconds. */
  at: number;
  /** When it came to its place in the order. */
  readonly placedAt: number;
}

/** The order in which buckets were asked for is kept to so many milliseconds: moving one for each request costs more. */
const ORDER_MS = 1000;

/** At most so many are kept; beyond it, the one that was not asked for longest is forgotten. */
const MOST_BUCKETS = 10_000;

/**
 * One token bucket for each key: `perSecond` tokens flow in, up to `capacity`, and a new one is full. What is full again
 * is forgotten, so that memory follows those who call. Time is an argument.
 */
export class TokenBuckets {
  readonly #perMs: number;
  readonly #capacity: number;
  readonly #most: number;
  /** In the order in which they were last asked for. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number, capacity: number, most = MOST_BUCKETS) {
    this.#perMs = perSecond / 1000;
    this.#capacity = capacity;
    this.#most = most;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** The tokens that a key has; fewer than none where more were taken than it had. */
  available(key: string, now: number): number {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return this.#capacity;
    // A clock that is set back must not take tokens away.
    const flowed = Math.max(0, now - bucket.at) * this.#perMs;
    return Math.min(this.#capacity, bucket.tokens + flowed);
  }

  /** Takes tokens, whether they are there or not, and answers what is left. */
  take(key: string, count: number, now: number): number {
    const tokens = this.available(key, now) - count;
    const bucket = this.#buckets.get(key);
    if (bucket !== undefined && now - bucket.placedAt < ORDER_MS) {
      bucket.tokens = tokens;
      bucket.at = now;
      return tokens;
    }
    this.#buckets.delete(key);
    this.#sweep(now);
    this.#buckets.set(key, { tokens, at: now, placedAt: now });
    return tokens;
  }

  /** The oldest go first, as they are full first, but for those that owe. */
  #sweep(now: number): void {
    for (const key of this.#buckets.keys()) {
      const full = this.available(key, now) >= this.#capacity;
      if (!full && this.#buckets.size < this.#most) return;
      this.#buckets.delete(key);
    }
  }
}
