import type { Path, StateQuery } from "../../../../components/state/query.ts";
import { conjuncts } from "../../../../components/state/query-plan.ts";
import { rowOf } from "../../../../components/state/query-values.ts";
import type { RedisClient, RedisScript } from "../redis-client.ts";
import { REPAIR_SCRIPT, STALE_SCRIPT } from "./index-scripts.ts";
import { everything, memberOf, rangesOf, scopeOf } from "./members.ts";
import { scanKeys } from "./scan-keys.ts";
import { inRanges, orderedWalk, type Place, type Walk } from "./walk.ts";

/**
 * Sorted sets over the members of values that a component declares. Each write of daprlet keeps them in its own script;
 * what other programs have written is indexed before the first query of an app. An index says where to look and not what
 * is there: who asks reads the items themselves.
 */
export class RedisIndex {
  /** What is declared, as records note it. */
  readonly declaration: string;
  readonly #client: RedisClient;
  readonly #paths: readonly Path[];
  readonly #stale: RedisScript;
  readonly #repair: RedisScript;
  /** By scope. */
  readonly #filled = new Map<string, Promise<void>>();

  constructor(client: RedisClient, paths: readonly Path[]) {
    this.#client = client;
    this.#paths = paths;
    this.declaration = `:${paths.map((path) => path.join(".")).join(",")}`;
    this.#stale = client.script(STALE_SCRIPT);
    this.#repair = client.script(REPAIR_SCRIPT);
  }

  /** What the write script needs of an operation: the record, how many entries follow, and sets and members in turn. */
  argumentsOf(key: string, value: Uint8Array | undefined): readonly (string | Buffer)[] {
    const entries = value === undefined ? [] : this.#entries(key, value);
    return [recordName(scopeOf(key)), String(entries.length), ...entries];
  }

  /** Where the query's items are. */
  async walk(query: StateQuery): Promise<Walk> {
    const scope = scopeOf(query.keyPrefix);
    await this.#fill(scope);
    const narrowest = await this.#narrowest(query, scope);
    return (
      orderedWalk(this.#client, query, narrowest, (path) => setName(path, scope)) ?? {
        parts: inRanges(this.#client, narrowest),
        isPast: () => false,
      }
    );
  }

  /** Forgets those of the keys that are still gone. */
  async forget(keys: readonly string[], scope: string): Promise<void> {
    await this.#repair(keys, [recordName(scope), this.declaration, ...keys.flatMap(() => ["", "0"])]);
  }

  async #narrowest({ filter }: StateQuery, scope: string): Promise<Place> {
    const choices = conjuncts(filter)
      .flatMap((one) => rangesOf(one) ?? [])
      .map(({ path, ranges }) => ({ set: setName(path, scope), ranges }));
    choices.push({ set: setName(this.#paths[0] as Path, scope), ranges: [everything] });
    const sizes = await Promise.all(
      choices.map(async ({ set, ranges }) => {
        const counts = ranges.map(({ from, to }) => this.#client.call("ZLEXCOUNT", set, from, to));
        return (await Promise.all(counts)).reduce<number>((sum, count) => sum + Number(count), 0);
      }),
    );
    return choices[sizes.indexOf(Math.min(...sizes))] as Place;
  }

  #fill(scope: string): Promise<void> {
    const filled = this.#filled.get(scope) ?? this.#index(scope);
    this.#filled.set(scope, filled);
    filled.catch(() => this.#filled.delete(scope));
    return filled;
  }

  async #index(scope: string): Promise<void> {
    const record = recordName(scope);
    for await (const found of scanKeys(this.#client, scope)) {
      const keys = found.filter((key) => scopeOf(key) === scope);
      const items = (await this.#stale(keys, [record, this.declaration])) as readonly (
        | null
        | readonly [Buffer, Buffer]
      )[];
      const stale = keys.filter((_, i) => items[i] !== null);
      if (stale.length === 0) continue;
      const args = items.flatMap((item, i) => {
        if (item === null) return [];
        const entries = this.#entries(keys[i] as string, item[0]);
        return [item[1], String(entries.length), ...entries];
      });
      await this.#repair(stale, [record, this.declaration, ...args]);
    }
  }

  #entries(key: string, value: Uint8Array): (string | Buffer)[] {
    const row = rowOf(key, value);
    if (row === undefined) return [];
    const scope = scopeOf(key);
    return this.#paths.flatMap((path) => [setName(path, scope), memberOf(row.at(path), key)]);
  }
}

function setName(path: Path, scope: string): string {
  return `||daprlet||index||${path.join(".")}||${scope}`;
}

function recordName(scope: string): string {
  return `||daprlet||indexed||${scope}`;
}
