import { FakeFolder, type Intrusion, imports, noIntrusion } from "./fake-folder.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Engine {
  readonly memory: WebAssembly.Memory;
  cabi_realloc(old: number, oldSize: number, align: number, size: number): number;
  allocate(size: number): number;
  resetArena(): void;
  useFolder(descriptor: number): void;
  beginBatch(): void;
  add(
    kind: number,
    condition: number,
    key: number,
    keyLength: number,
    value: number,
    valueLength: number,
    expected: bigint,
    expires: bigint,
  ): number;
  commit(): number;
  afterCommit(): void;
  fold(): number;
  get(key: number, length: number): number;
  itemFault(): number;
  valueLength(): number;
  version(): bigint;
  epoch(): number;
}

export interface Change {
  readonly key: string;
  /** Undefined deletes. */
  readonly value?: string | undefined;
  /** The version it must have; 0n: none. */
  readonly expected?: bigint | undefined;
  readonly expires?: number;
}

/** What {@link StoreInstance.commit} answers where everything held. */
export const COMMITTED = -1;
/** Or where it is not known whether it held. */
export const DOUBTFUL = -106;
/** Or where its files were taken away. */
export const REMOVED = -107;

/** One instance of the engine over a folder that others may use at the same time. */
export class StoreInstance {
  readonly #engine: Engine;

  constructor(
    module: WebAssembly.Module,
    folder = new FakeFolder(),
    random: () => bigint = cheapRandom(1),
    intrusion: Intrusion = noIntrusion,
  ) {
    const late = {} as Engine;
    const { exports } = new WebAssembly.Instance(module, imports(folder, intrusion, random, late));
    Object.assign(late, exports);
    this.#engine = late;
    late.resetArena();
    late.useFolder(3);
  }

  get(key: string): { readonly value: string; readonly version: bigint } | undefined {
    const engine = this.#engine;
    engine.resetArena();
    const [at, length] = this.#put(key);
    const value = engine.get(at, length);
    if (value === 0 && engine.itemFault() !== 0) throw new Error(`fault ${engine.itemFault()}`);
    if (value === 0) return undefined;
    const bytes = new Uint8Array(engine.memory.buffer, value, engine.valueLength());
    return { value: decoder.decode(bytes), version: BigInt.asUintN(64, engine.version()) };
  }

  /** COMMITTED, the position of what was refused, or a fault below that. */
  commit(changes: readonly Change[]): number {
    const engine = this.#engine;
    engine.resetArena();
    engine.beginBatch();
    for (const { key, value, expected, expires = 0 } of changes) {
      const [at, length] = this.#put(key);
      const [valueAt, valueLength] = this.#put(value ?? "");
      const condition = expected === undefined ? 0 : expected === 0n ? 2 : 1;
      const kind = value === undefined ? 2 : 1;
      const added = engine.add(
        kind,
        condition,
        at,
        length,
        valueAt,
        valueLength,
        expected ?? 0n,
        BigInt(expires),
      );
      if (!added) throw new Error("too long");
    }
    const outcome = engine.commit();
    engine.afterCommit();
    return outcome;
  }

  fold(): number {
    this.#engine.resetArena();
    return this.#engine.fold();
  }

  get epoch(): number {
    return this.#engine.epoch();
  }

  get memory(): number {
    return this.#engine.memory.buffer.byteLength;
  }

  #put(text: string): readonly [number, number] {
    const bytes = encoder.encode(text);
    const at = this.#engine.allocate(bytes.length);
    new Uint8Array(this.#engine.memory.buffer).set(bytes, at);
    return [at, bytes.length];
  }
}

/** The same numbers for the same seed. */
export function cheapRandom(seed: number): () => bigint {
  let state = BigInt(seed) * 0x9e3779b97f4a7c15n + 1n;
  return () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return BigInt.asIntN(64, state ^ (state >> 29n));
  };
}
