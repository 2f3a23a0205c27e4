import { ComponentError } from "../../../../errors/component-error.ts";
import { type Clock, withTimeout } from "../../../../platform.ts";
import type { RedisClient, RedisScript } from "../redis-client.ts";
import { type RawEntry, type StreamEvent, streamEvent } from "./stream-event.ts";
import * as scripts from "./stream-scripts.ts";

/** An event that is this consumer's to hand out. */
export interface Grant {
  readonly event: StreamEvent;
  /** How often it had been handed out before, by any instance. */
  readonly before: number;
}

/** An event and how often it was handed out. */
export type Count = readonly [id: string, count: number];

/** Some events, and after which id to look for more; "": that was the end. */
export interface Page {
  readonly grants: readonly Grant[];
  readonly next: string;
}

function page(reply: unknown): Page {
  const [next, found] = reply as [Buffer, unknown[]];
  const grants: Grant[] = [];
  for (let i = 0; i < found.length; i += 2) {
    grants.push({ event: streamEvent(found[i] as RawEntry), before: found[i + 1] as number });
  }
  return { grants, next: String(next) };
}

/** The scripts of a connection, shared by all that subscribe through it. */
export type GroupScripts = Readonly<Record<Exclude<keyof typeof scripts, "publishOnce">, RedisScript>>;

export function groupScripts(commands: RedisClient): GroupScripts {
  const { publishOnce: _, ...all } = scripts;
  return Object.fromEntries(
    Object.entries(all).map(([name, lua]) => [name, commands.script(lua)]),
  ) as GroupScripts;
}

/** Names of consumers that were made here begin so. */
const prefix = "daprlet-";
/** After which silence a consumer that holds nothing is removed. */
const forgottenMs = 60 * 60_000;

/** After how long what waits in its lane is looked at again. */
const lanePatienceMs = 3_000;

const texts = (reply: unknown) => (reply as readonly Buffer[]).map(String);

/** One consumer of a consumer group on a stream: what Redis is asked to do for a subscription. */
export class StreamGroup {
  readonly stream: string;
  readonly group: string;
  readonly #consumer: string;
  readonly #keys: readonly [stream: string, marker: string];
  readonly #commands: RedisClient;
  readonly #scripts: GroupScripts;
  #readerId: Promise<unknown> | undefined;

  constructor(stream: string, group: string, id: string, commands: RedisClient, all: GroupScripts) {
    this.stream = stream;
    this.group = group;
    this.#consumer = prefix + id;
    this.#keys = [stream, `||daprlet||lanes||${JSON.stringify([stream, group])}`];
    this.#commands = commands;
    this.#scripts = all;
  }

  /** Makes sure that the group is there, and removes consumers that ended without a word. */
  async create(): Promise<void> {
    await this.#scripts.create(this.#keys, [this.group]);
    await this.#run("sweep", [prefix, forgottenMs]);
  }

  /**
   * What nobody of the group has got yet, at most `count`, on a connection of its own that waits up to `waitMs` for
   * the first. Rejects when the server says nothing for `patienceMs` more.
   */
  async read(
    reader: RedisClient,
    count: number,
    clock: Clock,
    { waitMs, patienceMs }: { readonly waitMs: number; readonly patienceMs: number },
  ): Promise<readonly StreamEvent[]> {
    this.#readerId ??= reader.call("CLIENT", "ID").catch(() => undefined);
    const group = ["GROUP", this.group, this.#consumer];
    const limits = ["COUNT", count, "BLOCK", waitMs];
    const reading = reader.callBuffer("XREADGROUP", group, limits, "STREAMS", this.stream, ">");
    try {
      const reply = await withTimeout(clock, waitMs + patienceMs, reading, () => {
        reader.raw.disconnect(true);
        return new ComponentError("UNAVAILABLE", `Redis at ${reader.server} does not answer`);
      });
      const [first] = (reply ?? []) as readonly (readonly [Buffer, readonly RawEntry[]])[];
      return (first?.[1] ?? []).map(streamEvent);
    } catch (error) {
      // The next read may be on another connection.
      this.#readerId = undefined;
      throw error;
    }
  }

  /** Ends a read that waits; where the server does not allow it, the read ends by itself. */
  async unblock(): Promise<void> {
    const id = await this.#readerId;
    if (id === undefined) return;
    await this.#commands.call("CLIENT", "UNBLOCK", id as number).catch(() => undefined);
  }

  /** Of events with lanes, in order, those that are first in theirs. */
  async sortIntoLanes(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(texts(await this.#run("sortIntoLanes", ids)));
  }

  async acknowledge(ids: readonly string[]): Promise<void> {
    await this.#commands.call("XACK", this.stream, this.group, ids);
  }

  /** Acknowledges, and takes over what comes next in the lane, unless this consumer is `leaving`. */
  async acknowledgeInLane(id: string, lane: string, leaving: boolean): Promise<Grant | undefined> {
    const heir = leaving ? this.group : this.#consumer;
    const reply = await this.#run("acknowledgeInLane", [id, lane, heir]);
    if (reply === null) return undefined;
    const [entry, count] = reply as [RawEntry, number];
    return { event: streamEvent(entry), before: count };
  }

  /** Takes over at most `wanted` that nobody kept for `idleMs`; looks on after `from`, at the beginning for "". */
  async claim(idleMs: number, wanted: number, from: string): Promise<Page> {
    return page(await this.#run("claim", [idleMs, lanePatienceMs, wanted, from]));
  }

  /** All that is this consumer's, also what was read and never came because the connection was lost. */
  async own(): Promise<readonly Grant[]> {
    const all: Grant[] = [];
    for (let from = ""; ; ) {
      const { grants, next } = page(await this.#run("own", [from]));
      all.push(...grants);
      if (next === "") return all;
      from = next;
    }
  }

  /** Says that these are still being worked on; answers those that are not this consumer's any more. */
  async keep(counts: readonly Count[]): Promise<readonly string[]> {
    return texts(await this.#run("keep", counts.flat()));
  }

  /** Leaves these to whoever claims next. */
  async release(counts: readonly Count[]): Promise<void> {
    if (counts.length > 0) await this.#run("release", [this.group, ...counts.flat()]);
  }

  /** Leaves everything, and is no consumer any more. */
  async leave(): Promise<void> {
    await this.#run("leave", [this.group]);
  }

  #run(script: keyof GroupScripts, args: readonly (string | number)[]): Promise<unknown> {
    return this.#scripts[script](this.#keys, [this.group, this.#consumer, ...args]);
  }
}
