import type { RedisServer } from "../redis-server.ts";

export interface Survived {
  readonly acknowledged: number;
  /** Answered with an error: whether it was done, its caller cannot know. */
  readonly refused: number;
  /** Refused and there all the same: the answer was lost with the server, not the write. */
  readonly unanswered: number;
  /** Acknowledged and not there: must be none. */
  readonly lost: readonly string[];
  /** Transactions of which one half is there: must be none. */
  readonly halves: readonly string[];
}

export interface Writer {
  /** Of the keys as Redis has them. */
  readonly prefix: string;
  /** Writes the keys `a-n` and `b-n` in one transaction; whether that was acknowledged. */
  write(n: number): Promise<boolean>;
  /** Whether it reaches the server. */
  reaches(): Promise<boolean>;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Makes `count` transactions, 32 at a time, and kills the server in the midst of them. It is started again, and once
 * the writer reaches it by itself, what is there is compared with what was answered.
 */
export async function writeAcrossAKill(
  server: RedisServer,
  { prefix, write, reaches }: Writer,
  count: number,
): Promise<Survived> {
  let next = 0;
  const acknowledged: number[] = [];
  const refused: number[] = [];
  let halfway = () => {};
  const inTheMidst = new Promise<void>((resolve) => {
    halfway = resolve;
  });
  const worker = async () => {
    while (next < count) {
      const n = next++;
      if (n === count >> 1) halfway();
      if (await write(n)) acknowledged.push(n);
      else {
        refused.push(n);
        // A server that is away refuses at once: who goes on regardless is through before it is back.
        await pause(5);
      }
    }
  };
  const workers = Promise.all(Array.from({ length: 32 }, worker));
  await inTheMidst;
  await server.kill();
  await server.start();
  await workers;
  while (!(await reaches())) await pause(10);
  const there = async (key: string) => (await server.client.exists(prefix + key)) === 1;
  const lost: string[] = [];
  const halves: string[] = [];
  let unanswered = 0;
  for (const n of acknowledged) {
    for (const key of [`a-${n}`, `b-${n}`]) if (!(await there(key))) lost.push(key);
  }
  for (const n of refused) {
    const [a, b] = [await there(`a-${n}`), await there(`b-${n}`)];
    if (a !== b) halves.push(String(n));
    if (a && b) unanswered++;
  }
  return { acknowledged: acknowledged.length, refused: refused.length, unanswered, lost, halves };
}
