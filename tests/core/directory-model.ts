import type { ActorDirectory } from "../../host/core/actor-directory.ts";

interface ModelActor {
  readonly type: number;
  readonly id: string;
  readonly number: number;
  /** Groups of tickets; the first one runs. */
  readonly groups: { readonly chain: string | undefined; readonly tickets: number[] }[];
  since: number;
}

/** What a directory should be, in plain arrays, beside the one that is tested. Time passes with every step. */
export class DirectoryModel {
  readonly #directory: ActorDirectory;
  readonly #timeouts: number[] = [];
  readonly #actors: ModelActor[] = [];
  readonly #ended: number[] = [];
  #now = 0;

  constructor(directory: ActorDirectory) {
    this.#directory = directory;
  }

  type(type: number, idleMs: number): void {
    this.#directory.type(type, idleMs);
    this.#timeouts[type] = idleMs;
  }

  activate(type: number, id: string): void {
    const known = this.#actors.find((actor) => actor.type === type && actor.id === id);
    same("find", this.#directory.find(type, id), known?.number ?? -1);
    const number = this.#directory.activate(type, id, ++this.#now);
    if (known !== undefined) {
      same("activate", number, known.number);
      return;
    }
    if (this.#actors.some((actor) => actor.number === number))
      throw new Error(`${number} is another actor's`);
    this.#actors.push({ type, id, number, groups: [], since: this.#now });
  }

  enter(pick: number, chain: string | undefined, maxDepth: number): void {
    const actor = one(this.#actors, pick);
    if (actor === undefined) return;
    const ticket = this.#directory.enter(actor.number, chain, maxDepth);
    let group = chain === undefined ? undefined : actor.groups.find((each) => each.chain === chain);
    if (chain !== undefined && (group?.tickets.length ?? 0) >= maxDepth) {
      same("enter", ticket, "too-deep");
      return;
    }
    if (ticket === "too-deep") throw new Error("too deep without a reason");
    if (group === undefined) {
      group = { chain, tickets: [] };
      actor.groups.push(group);
    }
    group.tickets.push(ticket);
  }

  leave(pick: number): void {
    const all = this.#actors.flatMap((actor) =>
      actor.groups.flatMap((group) => group.tickets.map((ticket) => ({ actor, group, ticket }))),
    );
    const call = one(all, pick);
    if (call === undefined) return;
    const { actor, group, ticket } = call;
    const begun: number[] = [];
    this.#directory.leave(ticket, ++this.#now, (each) => begun.push(each));
    group.tickets.splice(group.tickets.indexOf(ticket), 1);
    this.#ended.push(ticket);
    refused(() => this.#directory.leave(ticket, this.#now, never));
    if (group.tickets.length > 0) {
      same("begun", begun, []);
      return;
    }
    const place = actor.groups.indexOf(group);
    actor.groups.splice(place, 1);
    same("begun", begun, place === 0 ? (actor.groups[0]?.tickets ?? []) : []);
    if (actor.groups.length === 0) actor.since = this.#now;
  }

  remove(pick: number): void {
    const actor = one(this.#actors, pick);
    if (actor === undefined) return;
    if (actor.groups.length > 0) {
      refused(() => this.#directory.remove(actor.number));
      return;
    }
    this.#directory.remove(actor.number);
    this.#actors.splice(this.#actors.indexOf(actor), 1);
    refused(() => this.#directory.remove(actor.number));
    same("find", this.#directory.find(actor.type, actor.id), -1);
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  /** Compares all that can be asked. */
  check(): void {
    const directory = this.#directory;
    same("size", directory.size, this.#actors.length);
    for (const type of this.#timeouts.keys()) {
      const numbers = this.#actors.filter((actor) => actor.type === type).map(({ number }) => number);
      const visited: number[] = [];
      directory.each(type, (actor) => visited.push(actor));
      same("each", visited, numbers.sort(ascending));
      same("count", directory.count(type), numbers.length);
    }
    for (const { number, type, id, groups } of this.#actors) {
      same("about", [directory.id(number), directory.typeOf(number)], [id, type]);
      same("waiting", directory.waiting(number), groups.flatMap(({ tickets }) => tickets).length);
      for (const [place, { tickets }] of groups.entries()) {
        for (const ticket of tickets) same("runs", directory.runs(ticket), place === 0);
      }
    }
    const running = new Set(this.#actors.flatMap(({ groups }) => groups.flatMap(({ tickets }) => tickets)));
    for (const ticket of this.#ended) {
      if (running.has(ticket)) throw new Error("the ticket of a call that has ended was given again");
      same("runs", directory.runs(ticket), false);
    }
    const idle = this.#actors.filter(({ groups }) => groups.length === 0);
    const due = idle.filter((actor) => this.#due(actor) <= this.#now).sort((a, b) => a.since - b.since);
    const numbers = due.map(({ number }) => number);
    for (const limit of [0, 2, 1e9]) same("idle", directory.idle(this.#now, limit), numbers.slice(0, limit));
    const next = Math.min(...idle.map((actor) => this.#due(actor)));
    same("next", directory.nextIdle(), next === Number.POSITIVE_INFINITY ? undefined : next);
  }

  /** Ends all, so that the next history begins with nothing. */
  end(): void {
    while (this.#actors.some(({ groups }) => groups.length > 0)) this.leave(0);
    this.check();
    while (this.#actors.length > 0) this.remove(this.#actors.length >> 1);
    this.check();
  }

  #due({ since, type }: ModelActor): number {
    return since + (this.#timeouts[type] as number);
  }
}

const ascending = (a: number, b: number) => a - b;

function never(): never {
  throw new Error("nobody's turn begins");
}

function one<T>(all: readonly T[], pick: number): T | undefined {
  return all[pick % all.length];
}

function same(what: string, found: unknown, expected: unknown): void {
  if (found === expected) return;
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: ${left} in place of ${right}`);
}

function refused(call: () => void): void {
  try {
    call();
  } catch {
    return;
  }
  throw new Error("what cannot be was not refused");
}
