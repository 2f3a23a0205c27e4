import { deserialize, serialize } from "node:v8";
import type { Step } from "../../capability/confinement.ts";
import type { Told } from "../../capability/guest-port.ts";
import type { SchemaCheck } from "../../capability/read-request.ts";

/**
 * Memory that a host and a thread of a guest share, for calls that are short. A port's message takes a turn of either event loop, and
 * longer than most guests do; here the thread sleeps on a word, and the host waits for it where it stands, for a moment. The
 * guest sees nothing of it: its memory is its own.
 *
 *     state i32 │ entry i32 │ bytes i32 │ rest i32 │ the message or the answer │ what else there is of it, serialized
 */

const STATE = 0;
const ENTRY = 1;
const BYTES = 2;
const REST = 3;
const HEAD = 16;
const SIZE = 64 << 10;

/** The thread sleeps. */
const FREE = 0;
/** The host waits where it stands. */
const ASKED = 1;
/** … and has its answer. */
const ANSWERED = 2;
/** The host has gone on: it hears of the answer by the thread's port. */
const LEFT = 3;
/** The same, as the answer is too large. */
const ELSEWHERE = 4;
/** The thread is to look at its port. */
const AWAY = 5;

const entries = ["handle", "resume", "request", "response", "check"];

/** How long the host waits where it stands. Milliseconds. */
const STANDING_MS = 0.2;

/** After so many times in vain, one after the other, it waits for one call in 2 ** 6. */
const MOST_MISSES = 6;

export function lineMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(SIZE);
}

class Line {
  readonly words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory, 0, HEAD / 4);
    this.#bytes = new Uint8Array(memory, HEAD);
  }

  /** False: there is no room for it. */
  write(bytes: Uint8Array, rest: unknown): boolean {
    if (bytes.length > this.#bytes.length) return false;
    const more = rest === undefined ? undefined : serialize(rest);
    if (more !== undefined && bytes.length + more.length > this.#bytes.length) return false;
    this.#bytes.set(bytes);
    if (more !== undefined) this.#bytes.set(more, bytes.length);
    this.words[BYTES] = bytes.length;
    this.words[REST] = more?.length ?? 0;
    return true;
  }

  /** Copies: what comes next is written over it. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.subarray(0, this.words[BYTES]));
  }

  get rest(): unknown {
    const [, , bytes = 0, rest = 0] = this.words;
    return rest === 0 ? undefined : deserialize(new Uint8Array(this.#bytes.subarray(bytes, bytes + rest)));
  }
}

const nothing = new Uint8Array(0);
const noLines: Step["lines"] = [];

/** The host's end. One call at a time. */
export class HostLine {
  readonly #line: Line;
  #misses = 0;
  /** Calls that it does not wait for, since it waited in vain. */
  #unwatched = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#line = new Line(memory);
  }

  /** `later`: its answer comes by the thread's port. Undefined: it is nothing for a line. */
  ask(entry: string, message: Uint8Array, checks: readonly SchemaCheck[]): Told<Step> | "later" | undefined {
    const number = entries.indexOf(entry);
    if (number === -1 || !this.#line.write(message, checks.length === 0 ? undefined : checks))
      return undefined;
    const { words } = this.#line;
    words[ENTRY] = number;
    const stands = this.#unwatched === 0;
    if (!stands) this.#unwatched -= 1;
    Atomics.store(words, STATE, stands ? ASKED : LEFT);
    Atomics.notify(words, STATE);
    if (!stands) return "later";
    Atomics.wait(words, STATE, ASKED, STANDING_MS);
    const state = Atomics.compareExchange(words, STATE, ASKED, LEFT);
    if (state === ASKED) {
      this.#misses = Math.min(this.#misses + 1, MOST_MISSES);
      this.#unwatched = 2 ** this.#misses - 2;
      return "later";
    }
    this.#misses = 0;
    if (state === ELSEWHERE) return "later";
    const { bytes } = this.#line;
    return (this.#line.rest as Told<Step> | undefined) ?? { value: { bytes, lines: noLines } };
  }

  /** Sends the thread to its port, once. */
  leave(): void {
    Atomics.store(this.#line.words, STATE, AWAY);
    Atomics.notify(this.#line.words, STATE);
  }
}

type Call = (entry: string, message: Uint8Array, checks: readonly SchemaCheck[]) => Told<Step>;

/** The thread's end: answers calls until it is sent away. `post` is for answers that nobody stands there for. */
export function serveLine(memory: SharedArrayBuffer, call: Call, post: (told: Told<Step>) => void): void {
  const line = new Line(memory);
  const { words } = line;
  for (;;) {
    const state = Atomics.load(words, STATE);
    if (state === AWAY) {
      Atomics.store(words, STATE, FREE);
      return;
    }
    if (state !== ASKED && state !== LEFT) {
      Atomics.wait(words, STATE, state);
      continue;
    }
    const checks = (line.rest as readonly SchemaCheck[] | undefined) ?? [];
    const told = call(entries[words[ENTRY] as number] as string, line.bytes, checks);
    if (wrote(line, told) && Atomics.compareExchange(words, STATE, ASKED, ANSWERED) === ASKED) {
      Atomics.notify(words, STATE);
      continue;
    }
    Atomics.store(words, STATE, ELSEWHERE);
    Atomics.notify(words, STATE);
    post(told);
  }
}

/** A host that has gone on reads nothing of it. */
function wrote(line: Line, told: Told<Step>): boolean {
  if (!("value" in told)) return line.write(nothing, told);
  const { bytes, lines, refused } = told.value;
  return lines.length === 0 && refused === undefined
    ? line.write(bytes, undefined)
    : line.write(nothing, told);
}
