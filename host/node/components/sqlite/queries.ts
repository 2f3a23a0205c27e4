import type Libsql from "libsql";
import type { KeyedItem, QueryResult, StateQuery } from "../../../components/state/query.ts";
import { isCovered, type QueryOptions } from "../../../components/state/query-indexes.ts";
import { type Position, readToken, writeToken } from "../../../components/state/query-page.ts";
import type { Database } from "./open-database.ts";
import { querySql, scanOf } from "./query-sql.ts";
import { fromSqlite, fromTimestamp, toTimestamp } from "./sqlite-value.ts";
import { indexOf } from "./value-index.ts";

type Statement = Libsql.Statement<unknown[]>;
type Row = readonly [
  key: string,
  value: unknown,
  etag: string,
  expires: unknown,
  ...sorted: (string | number | null)[],
];

/** Statements are kept for the next query of the same form: preparing one takes longer than running it. */
const KEPT_STATEMENTS = 64;
/** Characters. A longer one is not kept: hardly another query has its form. */
const LONGEST_KEPT = 16_384;

/** The state queries of one table, by the index of what `queryIndexes` names. */
export class Queries {
  readonly #database: Database;
  readonly #table: string;
  readonly #component: string;
  readonly #options: QueryOptions;
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database, table: string, component: string, options: QueryOptions) {
    this.#database = database;
    this.#table = table;
    this.#component = component;
    this.#options = options;
  }

  run(query: StateQuery, now: number): QueryResult {
    const covered = isCovered(this.#component, query, this.#options);
    const source = covered ? indexOf(this.#table) : scanOf(this.#table);
    const { limit = -1 } = query;
    const rows: Row[] = [];
    for (const { text, values } of querySql(source, query, readToken(query), toTimestamp(now))) {
      const left = limit < 0 ? -1 : limit + 1 - rows.length;
      if (left === 0) break;
      for (const row of this.#statement(text).all([...values, left]) as Row[]) rows.push(row);
    }
    const page = limit < 0 ? rows : rows.slice(0, limit);
    const last = page.length < rows.length ? page.at(-1) : undefined;
    return {
      items: page.map(itemOf),
      token: last === undefined ? undefined : writeToken(query, positionOf(last)),
    };
  }

  #statement(text: string): Statement {
    const kept = this.#statements.get(text);
    if (kept !== undefined) return kept;
    const statement = this.#database.prepare(text).raw();
    if (text.length > LONGEST_KEPT) return statement;
    const [oldest] = this.#statements.keys();
    if (oldest !== undefined && this.#statements.size >= KEPT_STATEMENTS) this.#statements.delete(oldest);
    this.#statements.set(text, statement);
    return statement;
  }
}

function itemOf([key, value, etag, expires]: Row): KeyedItem {
  return {
    key: JSON.parse(key) as string,
    value: fromSqlite(value, 0),
    etag,
    expiresAt: fromTimestamp(expires),
  };
}

function positionOf([key, , , , ...sorted]: Row): Position {
  const values = sorted.map((value) => (typeof value === "string" ? (JSON.parse(value) as string) : value));
  return { key: JSON.parse(key) as string, values };
}
