import type { RedisServer } from "../redis-server.ts";

/** A publisher and its subscribers, by numbers. */
export interface Traffic {
  /** Whether it was acknowledged. */
  publish(n: number): Promise<boolean>;
  /** Every delivery so far. */
  got(): readonly number[];
}

export interface Arrived {
  readonly acknowledged: number;
  readonly refused: number;
  /** Acknowledged, and never delivered. */
  readonly lost: readonly number[];
  /** Deliveries beyond the first of an event. */
  readonly repeated: number;
  /** Refused, and delivered all the same: its answer was lost, not the event. */
  readonly unanswered: number;
}

const publishers = 8;
const patienceMs = 30_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Publishes `count` events one after the other through each of a few publishers, kills Redis once a third of them is
 * out, starts it again, and waits until what was acknowledged has come.
 */
export async function deliverAcrossAKill(
  server: RedisServer,
  { publish, got }: Traffic,
  count: number,
): Promise<Arrived> {
  const acknowledged = new Set<number>();
  let next = 0;
  let killing: Promise<void> | undefined;
  const restart = async () => {
    await server.kill();
    await pause(100);
    await server.start();
  };
  await Promise.all(
    Array.from({ length: publishers }, async () => {
      for (let n = next++; n < count; n = next++) {
        if (n >= count / 3) killing ??= restart();
        if (await publish(n)) {
          acknowledged.add(n);
          continue;
        }
        // The rest must not all be used up before the publisher is connected again.
        await killing;
        await pause(100);
      }
    }),
  );
  await killing;
  const end = Date.now() + patienceMs;
  const missing = () => {
    const there = new Set(got());
    return [...acknowledged].filter((n) => !there.has(n));
  };
  while (missing().length > 0 && Date.now() < end) await pause(20);
  const all = got();
  const unlike = new Set(all);
  return {
    acknowledged: acknowledged.size,
    refused: count - acknowledged.size,
    lost: missing(),
    repeated: all.length - unlike.size,
    unanswered: [...unlike].filter((n) => !acknowledged.has(n)).length,
  };
}
