import { type FakeFolder, type Intrusion, imports, noIntrusion } from "./fake-folder.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Queues {
  readonly memory: WebAssembly.Memory;
  cabi_realloc(old: number, oldSize: number, align: number, size: number): number;
  allocate(size: number): number;
  resetArena(): void;
  useFolder(descriptor: number): void;
  afterCommit(): void;
  fold(): number;
  compact(kept: bigint): void;
  useQueues(name: number, length: number): void;
  put(event: number, length: number, mostEvents: number, mostBytes: number): number;
  claim(urgent: number): number;
  leave(rests: number): void;
  depth(queue: number): bigint;
  lookAt(queue: number): number;
  settle(queue: number, to: number): number;
  eventBytes(): number;
  eventSize(): number;
}

export const WAITING = 0;
export const REFUSED = 0x20;
export const GONE = 1;
export const HELD = 1;
export const RESTS = 2;
export const COMMITTED = -1;
export const TOO_MANY = 0;
export const TOO_LARGE = 1;

/** One instance with the queues of a pub/sub, in a folder that others may use at the same time. */
export class QueueInstance {
  readonly #engine: Queues;
  mostEvents = 1000;
  mostBytes = 1 << 24;

  constructor(
    module: WebAssembly.Module,
    folder: FakeFolder,
    random: () => bigint,
    intrusion: Intrusion = noIntrusion,
  ) {
    const late = {} as Queues;
    const { exports } = new WebAssembly.Instance(module, imports(folder, intrusion, random, late));
    Object.assign(late, exports);
    this.#engine = late;
    late.resetArena();
    late.useFolder(3);
    const [at, length] = this.#text("pubsub");
    late.useQueues(at, length);
  }

  put(event: string): number {
    this.#engine.resetArena();
    const [at, length] = this.#text(event);
    const outcome = this.#engine.put(at, length, this.mostEvents, this.mostBytes);
    this.#engine.afterCommit();
    return outcome;
  }

  claim(urgent = false): number {
    this.#engine.resetArena();
    return this.#engine.claim(urgent ? 1 : 0);
  }

  leave(rests = false): void {
    this.#engine.leave(rests ? 1 : 0);
  }

  depth(queue = WAITING): number {
    this.#engine.resetArena();
    return Number(this.#engine.depth(queue));
  }

  /** The first event, or undefined. */
  look(queue = WAITING): string | undefined {
    this.#engine.resetArena();
    const found = this.#engine.lookAt(queue);
    if (found < 0) throw new Error(`fault ${found}`);
    if (found === 0) return undefined;
    const { memory } = this.#engine;
    return decoder.decode(new Uint8Array(memory.buffer, this.#engine.eventBytes(), this.#engine.eventSize()));
  }

  settle(to: number, queue = WAITING): number {
    const outcome = this.#engine.settle(queue, to);
    this.#engine.afterCommit();
    return outcome;
  }

  fold(): number {
    this.#engine.resetArena();
    return this.#engine.fold();
  }

  compact(kept: number): void {
    this.#engine.resetArena();
    this.#engine.compact(BigInt(kept));
  }

  #text(text: string): readonly [number, number] {
    const bytes = encoder.encode(text);
    const at = this.#engine.allocate(bytes.length);
    new Uint8Array(this.#engine.memory.buffer).set(bytes, at);
    return [at, bytes.length];
  }
}
