import type { Path, Scalar, StateQuery } from "./query.ts";
import { type Position, readToken } from "./query-page.ts";
import { planOf, type ValueRange } from "./query-plan.ts";
import { compareScalars, compareText, isAsked, predicate, type Row, rankOf, rowOf } from "./query-values.ts";

/** The values of one item at the paths that are declared; the document itself is not kept a second time. */
class IndexedRow implements Row {
  readonly key: string;
  readonly values: ReadonlyMap<string, Scalar | undefined>;

  constructor(row: Row, paths: readonly Path[]) {
    this.key = row.key;
    this.values = new Map(paths.map((path) => [path.join("."), row.at(path)]));
  }

  at(path: Path): Scalar | undefined {
    return this.values.get(path.join("."));
  }
}

/** Rows in the order of one path, or of their keys. */
class SortedRows {
  readonly #path: string;
  readonly #rows: IndexedRow[] = [];

  /** An empty path: by key. */
  constructor(path: string) {
    this.#path = path;
  }

  add(row: IndexedRow): void {
    this.#rows.splice(this.#first(this.#upTo(row.values.get(this.#path), row.key, 0)), 0, row);
  }

  remove(row: IndexedRow): void {
    this.#rows.splice(this.#first(this.#upTo(row.values.get(this.#path), row.key, 0)), 1);
  }

  clear(): void {
    this.#rows.length = 0;
  }

  /** The rows of a range; in an order, those after a position. */
  *between(
    range: ValueRange,
    order: "ASC" | "DESC" | undefined,
    after: Position | undefined,
  ): Generator<IndexedRow> {
    let [start, end] = this.#bounds(range);
    if (after !== undefined && order !== undefined) {
      const passed = this.#first(this.#upTo(after.values[0], after.key, order === "ASC" ? 1 : 0));
      if (order === "ASC") start = Math.max(start, passed);
      else end = Math.min(end, passed);
    }
    for (let i = start; i < end; i++) {
      yield this.#rows[order === "DESC" ? start + end - 1 - i : i] as IndexedRow;
    }
  }

  #bounds(range: ValueRange): [start: number, end: number] {
    if (range === undefined) return [0, this.#rows.length];
    const { op, value } = range;
    const rank = rankOf(value);
    const from = this.#first((row) => compareScalars(this.#value(row), value) >= 0);
    const past = this.#first((row) => compareScalars(this.#value(row), value) > 0);
    switch (op) {
      case "EQ":
        return [from, past];
      case "GT":
      case "GTE":
        return [op === "GT" ? past : from, this.#first((row) => rankOf(this.#value(row)) > rank)];
      case "LT":
      case "LTE":
        return [this.#first((row) => rankOf(this.#value(row)) >= rank), op === "LT" ? from : past];
    }
  }

  #value(row: IndexedRow): Scalar | undefined {
    return row.values.get(this.#path);
  }

  /** Whether a row's difference to a place is at least this. */
  #upTo(value: Scalar | undefined, key: string, least: 0 | 1): (row: IndexedRow) => boolean {
    return (row) => (compareScalars(this.#value(row), value) || compareText(row.key, key)) >= least;
  }

  /** Where the rows begin for which `is` holds: from there it holds for all. */
  #first(is: (row: IndexedRow) => boolean): number {
    let [low, high] = [0, this.#rows.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (is(this.#rows[middle] as IndexedRow)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** What queries of items in memory are answered from: their values at the declared paths, in order. */
export class MemoryIndex {
  readonly #paths: readonly Path[];
  readonly #rows = new Map<string, IndexedRow>();
  readonly #sorted: ReadonlyMap<string, SortedRows>;

  constructor(paths: readonly Path[]) {
    this.#paths = paths;
    const names = ["", ...paths.map((path) => path.join("."))];
    this.#sorted = new Map(names.map((name) => [name, new SortedRows(name)]));
  }

  /** The item under `key` has this value from now on; undefined: none. */
  put(key: string, value: Uint8Array | undefined): void {
    const before = this.#rows.get(key);
    if (before !== undefined) {
      this.#rows.delete(key);
      for (const rows of this.#sorted.values()) rows.remove(before);
    }
    const row = value === undefined ? undefined : rowOf(key, value);
    if (row === undefined) return;
    const indexed = new IndexedRow(row, this.#paths);
    this.#rows.set(key, indexed);
    for (const rows of this.#sorted.values()) rows.add(indexed);
  }

  clear(): void {
    this.#rows.clear();
    for (const rows of this.#sorted.values()) rows.clear();
  }

  /** Every row of the page that is asked for, one more where there is one, and perhaps others that match. */
  *rowsFor(query: StateQuery, isLive: (key: string) => boolean): Generator<Row> {
    const { path, ranges, order } = planOf(query);
    const after = readToken(query);
    const matches = predicate(query.filter);
    const rows = this.#sorted.get(path?.join(".") ?? "") as SortedRows;
    let left = order === undefined || query.limit === undefined ? Number.POSITIVE_INFINITY : query.limit + 1;
    for (const range of ranges) {
      for (const row of rows.between(range, order, after)) {
        if (!matches(row) || !isAsked(query, row.key) || !isLive(row.key)) continue;
        yield row;
        if (--left === 0) return;
      }
    }
  }
}
