import type { Path, Scalar, StateQuery } from "./query.ts";
import { conjuncts, isAsked, type Row, rowOf } from "./query-values.ts";

/** The values of one item at the paths that are declared; the document itself is not kept a second time. */
class IndexedRow implements Row {
  readonly key: string;
  readonly #values: ReadonlyMap<string, Scalar | undefined>;

  constructor(row: Row, paths: readonly Path[]) {
    this.key = row.key;
    this.#values = new Map(paths.map((path) => [path.join("."), row.at(path)]));
  }

  at(path: Path): Scalar | undefined {
    return this.#values.get(path.join("."));
  }
}

/** What queries of items in memory are answered from: their values at the declared paths, and who has which value. */
export class MemoryIndex {
  readonly #paths: readonly Path[];
  readonly #rows = new Map<string, IndexedRow>();
  readonly #holders: ReadonlyMap<string, Map<Scalar | undefined, Set<IndexedRow>>>;

  constructor(paths: readonly Path[]) {
    this.#paths = paths;
    this.#holders = new Map(paths.map((path) => [path.join("."), new Map()]));
  }

  /** The item under `key` has this value from now on; undefined: none. */
  put(key: string, value: Uint8Array | undefined): void {
    const before = this.#rows.get(key);
    if (before !== undefined) this.#forget(before);
    const row = value === undefined ? undefined : rowOf(key, value);
    if (row === undefined) return;
    const indexed = new IndexedRow(row, this.#paths);
    this.#rows.set(key, indexed);
    for (const path of this.#paths) {
      const holders = this.#holdersAt(path);
      const found = indexed.at(path);
      const same = holders.get(found);
      if (same === undefined) holders.set(found, new Set([indexed]));
      else same.add(indexed);
    }
  }

  clear(): void {
    this.#rows.clear();
    for (const holders of this.#holders.values()) holders.clear();
  }

  /** Every row that may match, and perhaps others that are asked for and `isLive`. */
  *rowsFor(query: StateQuery, isLive: (key: string) => boolean): Generator<Row> {
    for (const row of this.#candidates(query)) if (isAsked(query, row.key) && isLive(row.key)) yield row;
  }

  /** Those with a value that the filter asks for by name, by the path where they are fewest; else all. */
  #candidates({ filter }: StateQuery): Iterable<IndexedRow> {
    let fewest: readonly ReadonlySet<IndexedRow>[] | undefined;
    let count = this.#rows.size;
    for (const one of conjuncts(filter)) {
      if (one.op !== "EQ" && one.op !== "IN") continue;
      const values = one.op === "EQ" ? [one.value] : one.values;
      const holders = this.#holdersAt(one.path);
      const sets = [...new Set(values)].flatMap((value) => holders.get(value) ?? []);
      const size = sets.reduce((sum, set) => sum + set.size, 0);
      if (size > count) continue;
      fewest = sets;
      count = size;
    }
    if (fewest === undefined) return this.#rows.values();
    return fewest.length === 1 ? (fewest[0] as ReadonlySet<IndexedRow>) : fewest.flatMap((set) => [...set]);
  }

  #forget(row: IndexedRow): void {
    this.#rows.delete(row.key);
    for (const path of this.#paths) {
      const holders = this.#holdersAt(path);
      const value = row.at(path);
      const same = holders.get(value);
      same?.delete(row);
      if (same?.size === 0) holders.delete(value);
    }
  }

  #holdersAt(path: Path): Map<Scalar | undefined, Set<IndexedRow>> {
    return this.#holders.get(path.join(".")) as Map<Scalar | undefined, Set<IndexedRow>>;
  }
}
