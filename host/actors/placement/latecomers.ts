/** So often an app's instances may be late before others stop waiting for them again and again. */
const free = 2;
const longestMs = 5 * 60_000;
/** Who was not late for so long is as one that never was. */
const forgottenMs = 2 * longestMs;

interface Lateness {
  readonly times: number;
  readonly last: number;
}

/**
 * Apps whose instances did not follow changes of owners. Each change waits for every instance: one that joins anew each
 * time that it was put out, and never follows, would hold up the actors of all others for good.
 */
export class Latecomers {
  readonly #phaseMs: number;
  readonly #apps = new Map<string, Lateness>();

  constructor(phaseMs: number) {
    this.#phaseMs = phaseMs;
  }

  /** Instances that are late together, as after a machine's sleep, count once. */
  late(appId: string, now: number): void {
    for (const [each, { last }] of this.#apps) if (now - last >= forgottenMs) this.#apps.delete(each);
    const { times, last } = this.#apps.get(appId) ?? { times: 0, last: Number.NEGATIVE_INFINITY };
    if (now - last >= this.#phaseMs) this.#apps.set(appId, { times: times + 1, last: now });
  }

  /** Milliseconds until its instances may host again. */
  wait(appId: string, now: number): number {
    const late = this.#apps.get(appId);
    if (late === undefined || late.times <= free) return 0;
    const pause = Math.min(longestMs, this.#phaseMs * 2 ** (late.times - free));
    return Math.max(0, late.last + pause - now);
  }
}
