import type { ActorDirectory } from "./actor-directory.ts";
import type { Core } from "./core.ts";
import { type CoreExports, instantiate } from "./exports.ts";
import { Inbox } from "./inbox.ts";

/** What the core answers in place of a ticket, as in `assembly/actors/directory-turns.ts`. */
const none = -1;
const noRoom = -2;
/** What of a ticket is its record's number. */
const numberBits = 0x1fffff;

/** Most that one answer about the idle holds, as in `assembly/actors/directory-idle.ts`. */
const mostIdle = 16_384;

/** Words of the core's answer about an actor. */
const nameAt = 0;
const lengthAt = 1;
const typeAt = 2;
const callsAt = 3;

/** Directories of actors. Each lives in an instance of its own, whose memory grows with it and is freed with it. */
export function directories(module: WebAssembly.Module): Pick<Core, "directory"> {
  return { directory: () => bindDirectory(instantiate(module)) };
}

/** Makes an instance, which nothing else uses, a directory. */
export function bindDirectory(core: CoreExports): ActorDirectory {
  if (core.directory() === 0) throw full();
  return new Directory(core);
}

class Directory implements ActorDirectory {
  readonly #core: CoreExports;
  #views: Inbox;

  constructor(core: CoreExports) {
    this.#core = core;
    this.#views = new Inbox(core);
  }

  get size(): number {
    return this.#core.size();
  }

  type(type: number, idleMs: number): void {
    if (!(idleMs >= 0)) throw new RangeError("an idle timeout is a number of milliseconds, 0 or more");
    if (this.#core.kind(type, idleMs) === 0) throw new RangeError("types of actors are numbered 0 to 1023");
  }

  count(type: number): number {
    return this.#core.active(type);
  }

  activate(type: number, id: string, now: number): number {
    const length = this.#inbox().text(id);
    if (length < 0) throw tooLong("actor's id");
    const actor = this.#core.activate(type, length, now);
    if (actor > 0) return actor;
    throw actor === 0 ? full() : new RangeError("actors of this type are not known");
  }

  find(type: number, id: string): number {
    const length = this.#inbox().text(id);
    return (length < 0 ? 0 : this.#core.find(type, length)) || -1;
  }

  id(actor: number): string {
    const inbox = this.#about(actor);
    return inbox.decode((inbox.result[nameAt] as number) >>> 0, inbox.result[lengthAt] as number);
  }

  typeOf(actor: number): number {
    return this.#about(actor).result[typeAt] as number;
  }

  enter(actor: number, chain: string | undefined, maxDepth: number): number | "too-deep" {
    let length = -1;
    if (chain !== undefined) {
      length = this.#inbox().text(chain);
      if (length < 0) throw tooLong("reentrancy id");
    }
    const ticket = this.#core.ask(actor, length, maxDepth);
    if (ticket >= 0) return ticket;
    if (ticket === none) return "too-deep";
    throw ticket === noRoom ? full() : unknown();
  }

  place(ticket: number): number {
    return ticket & numberBits;
  }

  runs(ticket: number): boolean {
    return this.#core.runs(ticket) === 1;
  }

  leave(ticket: number, now: number, begins: (ticket: number) => void): void {
    const first = this.#core.done(ticket, now);
    if (first < 0) {
      if (first === none) return;
      throw new RangeError("the call has ended already");
    }
    let next = this.#core.following(first);
    if (next < 0) {
      begins(first);
      return;
    }
    // All of them first: what `begins` does may change who follows.
    const tickets = [first];
    for (; next >= 0; next = this.#core.following(next)) tickets.push(next);
    for (const each of tickets) if (this.runs(each)) begins(each);
  }

  waiting(actor: number): number {
    return this.#about(actor).result[callsAt] as number;
  }

  idle(now: number, limit: number): number[] {
    const inbox = this.#inbox();
    const start = inbox.outbox >> 2;
    const found = this.#core.idle(now, Math.min(limit, mostIdle));
    return Array.from(inbox.words.subarray(start, start + found));
  }

  nextIdle(): number | undefined {
    const due = this.#core.due();
    return due === Number.POSITIVE_INFINITY ? undefined : due;
  }

  remove(actor: number): void {
    const calls = this.#core.remove(actor);
    if (calls === 0) return;
    throw calls < 0 ? unknown() : new Error("an actor that has calls cannot be removed");
  }

  each(type: number, visit: (actor: number) => void): void {
    for (let actor = this.#core.next(type, 0); actor > 0; actor = this.#core.next(type, actor)) visit(actor);
  }

  /** The answer about an actor, with the views that it is in. */
  #about(actor: number): Inbox {
    if (this.#core.actor(actor) === 0) throw unknown();
    return this.#inbox();
  }

  /** Views of the memory as it is: growing detaches those before. */
  #inbox(): Inbox {
    if (this.#views.bytes.length === 0) this.#views = new Inbox(this.#core);
    return this.#views;
  }
}

function full(): RangeError {
  return new RangeError("the directory of actors does not fit into memory");
}

function unknown(): RangeError {
  return new RangeError("no active actor has this number");
}

function tooLong(what: string): RangeError {
  return new RangeError(`the ${what} is longer than 64 KiB`);
}
