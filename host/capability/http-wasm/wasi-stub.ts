import { GuestFault } from "../guest-fault.ts";
import type { GuestPlatform } from "../guest-host.ts";
import type { GuestLines } from "../guest-lines.ts";
import type { GuestMemory } from "../guest-memory.ts";
import type { HostFunction } from "../import-object.ts";
import { wasiName, wasiSignatures } from "./wasi-signatures.ts";

/** Error numbers of preview 1. */
const SUCCESS = 0;
const EBADF = 8;
const EINVAL = 28;
const ESPIPE = 70;

const CHARACTER_DEVICE = 2;
const SUBSCRIPTION = 48;
const EVENT = 32;
const EVENTTYPE_CLOCK = 0;
/** What one wait may be for. */
const SUBSCRIPTIONS = 1_024;

/** Random bytes that a browser gives at a time. */
const CHANCE = 65_536;

const MILLISECOND = 1_000_000n;

/** Standard input, output and error: there are no other files. */
const isStandard = (fd: number) => fd >= 0 && fd <= 2;

/**
 * WASI preview 1 for guests whose toolchains ask for it: no arguments, no environment, no files, no sockets. What is written to
 * standard output and error goes to the log, line by line; time and chance are the platform's. Everything else answers that
 * there is no such file.
 */
export class WasiStub {
  readonly #platform: GuestPlatform;
  readonly #memory: () => GuestMemory;
  readonly #lines: GuestLines;

  constructor(platform: GuestPlatform, memory: () => GuestMemory, lines: GuestLines) {
    this.#platform = platform;
    this.#memory = memory;
    this.#lines = lines;
  }

  get functions(): readonly (readonly [string, HostFunction])[] {
    const own = new Map<string, HostFunction>(Object.entries(this.#own));
    return Array.from(wasiSignatures.keys(), (name) => [name, own.get(name) ?? (() => EBADF)]);
  }

  #number(pointer: number, value: number | bigint): void {
    const wide = typeof value === "bigint";
    const span = this.#memory().view(pointer, wide ? 8 : 4, "a pointer that it gave");
    const view = new DataView(span.buffer, span.byteOffset, span.length);
    if (wide) view.setBigUint64(0, value, true);
    else view.setUint32(0, value, true);
  }

  /** None of them: their count and the size of their text. */
  readonly #none = (count: number, size: number): number => {
    this.#number(count, 0);
    this.#number(size, 0);
    return SUCCESS;
  };

  readonly #own: Readonly<Record<string, HostFunction>> = {
    [wasiName("args_get")]: () => SUCCESS,
    [wasiName("args_sizes_get")]: this.#none,
    [wasiName("environ_get")]: () => SUCCESS,
    [wasiName("environ_sizes_get")]: this.#none,
    [wasiName("sched_yield")]: () => SUCCESS,
    [wasiName("clock_res_get")]: (_id: number, result: number) => {
      this.#number(result, MILLISECOND);
      return SUCCESS;
    },
    [wasiName("clock_time_get")]: (id: number, _precision: bigint, result: number) => {
      if (id !== 0 && id !== 1) return EINVAL;
      // Coarse, so that it measures nothing of others.
      this.#number(result, BigInt(Math.floor(this.#platform.now())) * MILLISECOND);
      return SUCCESS;
    },
    [wasiName("random_get")]: (pointer: number, length: number) => {
      const span = this.#memory().view(pointer, length, "where it wants chance");
      for (let at = 0; at < span.length; at += CHANCE) {
        const some = new Uint8Array(Math.min(CHANCE, span.length - at));
        span.set(this.#platform.random(some), at);
      }
      return SUCCESS;
    },
    [wasiName("proc_exit")]: (code: number) => {
      throw new GuestFault("trap", `it exited with code ${code}`);
    },
    [wasiName("fd_close")]: (fd: number) => (isStandard(fd) ? SUCCESS : EBADF),
    [wasiName("fd_fdstat_set_flags")]: (fd: number) => (isStandard(fd) ? SUCCESS : EBADF),
    [wasiName("fd_seek")]: (fd: number) => (isStandard(fd) ? ESPIPE : EBADF),
    [wasiName("fd_fdstat_get")]: (fd: number, result: number) => {
      if (!isStandard(fd)) return EBADF;
      const span = this.#memory().view(result, 24, "a pointer that it gave");
      span.fill(0)[0] = CHARACTER_DEVICE;
      return SUCCESS;
    },
    [wasiName("fd_read")]: (fd: number, _vectors: number, _count: number, result: number) => {
      if (fd !== 0) return EBADF;
      this.#number(result, 0);
      return SUCCESS;
    },
    [wasiName("fd_write")]: (fd: number, vectors: number, count: number, result: number) => {
      if (fd !== 1 && fd !== 2) return EBADF;
      let written = 0;
      for (const part of this.#vectors(vectors, count)) {
        this.#lines.print(fd, "debug", part);
        written += part.length;
      }
      this.#number(result, written >>> 0);
      return SUCCESS;
    },
    // Nobody sleeps: what waits for a time goes on at once, and looks at the clock again.
    [wasiName("poll_oneoff")]: (subscriptions: number, events: number, count: number, result: number) => {
      const some = count >>> 0;
      if (some === 0 || some > SUBSCRIPTIONS) return EINVAL;
      const memory = this.#memory();
      const asked = memory.view(subscriptions, some * SUBSCRIPTION, "what it waits for");
      const told = memory.view(events, some * EVENT, "where it wants events");
      for (let i = 0; i < some; i += 1) {
        const from = asked.slice(i * SUBSCRIPTION, i * SUBSCRIPTION + 9);
        const to = told.subarray(i * EVENT, (i + 1) * EVENT).fill(0);
        to.set(from.subarray(0, 8));
        const type = from[8] as number;
        if (type !== EVENTTYPE_CLOCK) to[8] = EBADF;
        to[10] = type;
      }
      this.#number(result, some);
      return SUCCESS;
    },
  };

  *#vectors(pointer: number, count: number): Generator<Uint8Array> {
    const memory = this.#memory();
    const list = memory.view(pointer, (count >>> 0) * 8, "what it writes");
    const view = new DataView(list.buffer, list.byteOffset, list.length);
    for (let at = 0; at < list.length; at += 8)
      yield memory.view(view.getUint32(at, true), view.getUint32(at + 4, true), "what it writes");
  }
}
