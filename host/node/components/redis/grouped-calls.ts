import type { ComponentError } from "../../../errors/component-error.ts";
import type { RedisClient } from "./redis-client.ts";

interface Waiting<Asked, Answered> {
  readonly asked: Asked;
  resolve(answer: Answered): void;
  reject(error: ComponentError): void;
}

/** Bounds how long one script holds up the server's other clients; one call is never parted. */
const GROUP_LIMIT = 500;

/**
 * Calls of one turn of the event loop, sent as one script. Each has its own answer or its own failure, and no group
 * waits for the one before it.
 */
export class GroupedCalls<Asked, Answered> {
  readonly #client: RedisClient;
  readonly #sizeOf: (asked: Asked) => number;
  readonly #run: (asked: readonly Asked[]) => Promise<readonly (() => Answered)[]>;
  #waiting: Waiting<Asked, Answered>[] = [];

  constructor(
    client: RedisClient,
    sizeOf: (asked: Asked) => number,
    run: (asked: readonly Asked[]) => Promise<readonly (() => Answered)[]>,
  ) {
    this.#client = client;
    this.#sizeOf = sizeOf;
    this.#run = run;
  }

  ask(asked: Asked): Promise<Answered> {
    return new Promise((resolve, reject) => {
      // Requests that came with the same reading of the sockets are still to be dispatched in this turn.
      if (this.#waiting.length === 0) setImmediate(() => this.send());
      this.#waiting.push({ asked, resolve, reject });
    });
  }

  /** At once, without waiting for the end of the turn. */
  send(): void {
    for (const group of this.#groups(this.#waiting.splice(0))) this.#settle(group);
  }

  #groups(waiting: readonly Waiting<Asked, Answered>[]): Waiting<Asked, Answered>[][] {
    const groups: Waiting<Asked, Answered>[][] = [];
    let size = 0;
    for (const one of waiting) {
      const own = this.#sizeOf(one.asked);
      if (groups.length === 0 || size + own > GROUP_LIMIT) {
        groups.push([]);
        size = 0;
      }
      groups.at(-1)?.push(one);
      size += own;
    }
    return groups;
  }

  async #settle(group: readonly Waiting<Asked, Answered>[]): Promise<void> {
    let answers: readonly (() => Answered)[];
    try {
      answers = await this.#run(group.map(({ asked }) => asked));
    } catch (error) {
      const refusal = this.#client.error(error);
      // Redis runs no script of which one key is forbidden: the others are not to suffer for it.
      const singly = refusal.code === "PERMISSION_DENIED" && group.length > 1;
      for (const one of group) {
        if (singly) this.#settle([one]);
        else one.reject(refusal);
      }
      return;
    }
    for (const [i, { resolve, reject }] of group.entries()) {
      try {
        resolve((answers[i] as () => Answered)());
      } catch (error) {
        reject(this.#client.error(error));
      }
    }
  }
}
