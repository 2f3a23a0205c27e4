import { KEY_SEPARATOR } from "../../../components/state/key-prefix.ts";
import type { Filter, Path, Scalar, StateQuery } from "../../../components/state/query.ts";
import type { Position } from "../../../components/state/query-page.ts";
import { planOf } from "../../../components/state/query-plan.ts";

/** Text of SQL with a value for each `?` in it. */
export interface Sql {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

const sql = (text: string, ...values: (string | number)[]): Sql => ({ text, values });

function joined(parts: readonly Sql[], separator: string): Sql {
  return {
    text: `(${parts.map(({ text }) => text).join(separator)})`,
    values: parts.flatMap(({ values }) => values),
  };
}

/** Joined by halves: SQLite takes a thousand operators within each other, and reads a row of them as that. */
function balanced(parts: readonly Sql[], separator: string): Sql {
  if (parts.length <= 16) return joined(parts, separator);
  const middle = parts.length >>> 1;
  const halves = [parts.slice(0, middle), parts.slice(middle)];
  return joined(
    halves.map((half) => balanced(half, separator)),
    separator,
  );
}

/** A JSON path of SQLite as a literal. A quote within a name would end it, so it is escaped as JSON has it. */
function pathLiteral(path: Path): string {
  const names = path.map((name) => `."${JSON.stringify(name).slice(1, -1).replaceAll('\\"', "\\u0022")}"`);
  return `'$${names.join("").replaceAll("'", "''")}'`;
}

/** Whether a row's value is JSON, which SQLite's functions otherwise refuse. `row` is `new` or a table's name. */
export function isJson(row: string): string {
  return `${row}.is_binary = 0 AND json_valid(${row}.value)`;
}

/**
 * What a row's value holds at a path, as one value that orders as a sort does: NULL for what is no value or null, a
 * number, or text, which begins with the letter of its type. Of a member given twice SQLite reads the first.
 */
export function valueAt(row: string, path: Path): string {
  const [value, at] = [`${row}.value`, pathLiteral(path)];
  return `CASE WHEN ${isJson(row)} THEN CASE json_type(${value}, ${at}) WHEN 'integer' THEN json_extract(${value}, ${at}) + 0.0 WHEN 'real' THEN json_extract(${value}, ${at}) WHEN 'text' THEN 's' || json_extract(${value}, ${at}) WHEN 'true' THEN 'b1' WHEN 'false' THEN 'b0' END END`;
}

/** Where a query looks: in an index of values beside the items, or into the items themselves. */
export interface Source {
  /** The table of the items; `from` holds it, perhaps joined to an index. */
  readonly table: string;
  readonly from: string;
  /** The column by which keys are compared. */
  readonly key: string;
  /** As {@link valueAt}. */
  valueAt(path: Path): string;
}

/** Every item is read. */
export function scanOf(table: string): Source {
  return { table, from: table, key: `${table}.key`, valueAt: (path) => valueAt(table, path) };
}

/** A value of a filter as {@link valueAt} has it. It goes in as JSON, to be read by the reader that reads what is stored. */
function operand(value: Exclude<Scalar, null>): Sql {
  if (typeof value === "boolean") return sql(value ? "'b1'" : "'b0'");
  if (typeof value === "string") return sql("'s' || json_extract(?, '$')", JSON.stringify(value));
  const text = Number.isFinite(value) ? JSON.stringify(value) : value > 0 ? "1e999" : "-1e999";
  return sql("json_extract(?, '$') + 0.0", text);
}

const operators = { EQ: "=", NEQ: "<>", GT: ">", GTE: ">=", LT: "<", LTE: "<=" } as const;

function condition(filter: Filter, source: Source): Sql {
  if ("filters" in filter) {
    const parts = filter.filters.map((one) => condition(one, source));
    return balanced(parts, ` ${filter.op} `);
  }
  const { table } = source;
  const found = source.valueAt(filter.path);
  const type = `json_type(${table}.value, ${pathLiteral(filter.path)})`;
  const isNull = `(${found} IS NULL AND CASE WHEN ${isJson(table)} THEN ${type} IS 'null' ELSE 0 END)`;
  if ("values" in filter) {
    const values = filter.values.filter((value) => value !== null).map(operand);
    const among = joined(values, ", ");
    const parts = values.length === 0 ? [] : [sql(`${found} IN ${among.text}`, ...among.values)];
    if (values.length < filter.values.length) parts.push(sql(isNull));
    return parts.length === 0 ? sql("0") : joined(parts, " OR ");
  }
  const { op, value } = filter;
  if (value === null) return sql(op === "EQ" ? isNull : `NOT ${isNull}`);
  const { text, values } = operand(value);
  const compared = `${found} ${operators[op]} ${text}`;
  if (op === "EQ") return sql(compared, ...values);
  if (op === "NEQ") return sql(`(${compared} OR ${found} IS NULL)`, ...values);
  // Bounds on the other side keep to the type.
  if (op === "LT" || op === "LTE") {
    return sql(typeof value === "string" ? `(${compared} AND ${found} >= 's')` : compared, ...values);
  }
  return sql(`(${compared} AND ${found} < ${typeof value === "string" ? "'t'" : "''"})`, ...values);
}

/** Whether an index by value narrows the keys better than their prefix does: the planner cannot know. */
function isByValue(query: StateQuery): boolean {
  const { path, ranges } = planOf(query);
  return path !== undefined && ranges[0]?.op !== "EQ";
}

function scope(query: StateQuery, source: Source): readonly Sql[] {
  const { keyPrefix, actors } = query;
  const parts: Sql[] = [];
  const key = isByValue(query) ? `+${source.key}` : source.key;
  if (keyPrefix !== "") {
    const last = keyPrefix.length - 1;
    const end = keyPrefix.slice(0, last) + String.fromCharCode(keyPrefix.charCodeAt(last) + 1);
    parts.push(sql(`${key} >= ? AND ${key} < ?`, keyPrefix, end));
  }
  // As bytes: text would end at a NUL.
  const rest = `substr(CAST(${source.key} AS BLOB), ${Buffer.byteLength(keyPrefix) + 1})`;
  const separator = `instr(${rest}, x'${Buffer.from(KEY_SEPARATOR).toString("hex")}')`;
  parts.push(sql(`${separator} ${actors === undefined ? "=" : ">"} 0`));
  if (actors?.key !== undefined) {
    const own = `substr(${rest}, ${separator} + ${KEY_SEPARATOR.length})`;
    parts.push(sql(`${own} = CAST(? AS BLOB)`, actors.key));
  }
  return parts;
}

/**
 * What comes after a position, as conditions one after the other: each of them is one stretch of the first sort's
 * index. `values` are those of {@link valueAt}.
 */
function stretches({ sort }: StateQuery, { values, key }: Position, source: Source): readonly Sql[] {
  const orders = sort.map(({ path, order }, i) => {
    const found = source.valueAt(path);
    const value = values[i] as string | number | null;
    const descending = order === "DESC";
    const after = descending
      ? value === null
        ? sql("0")
        : sql(`(${found} < ? OR ${found} IS NULL)`, value)
      : value === null
        ? sql(`${found} IS NOT NULL`)
        : sql(`${found} > ?`, value);
    const same = value === null ? sql(`${found} IS NULL`) : sql(`${found} = ?`, value);
    return { found, value, descending, after, same };
  });
  const [first] = orders;
  const ways = [
    ...orders.map(({ after }) => after),
    sql(`${source.key} ${first?.descending ? "<" : ">"} ?`, key),
  ];
  const after = joined(
    ways.map((way, i) => joined([...orders.slice(0, i).map(({ same }) => same), way], " AND ")),
    " OR ",
  );
  if (first === undefined) return [after];
  const { found, value, descending, same } = first;
  if (value === null) {
    const nulls = joined([same, after], " AND ");
    return descending ? [nulls] : [nulls, sql(`${found} IS NOT NULL`)];
  }
  const bound = joined([sql(`${found} ${descending ? "<=" : ">="} ?`, value), after], " AND ");
  return descending ? [bound, sql(`${found} IS NULL`)] : [bound];
}

/**
 * The statements that find a page's items, in order: those of the second follow all of the first. Each row has the
 * key as JSON, the value, the ETag, the time of expiry, and what it is sorted by, text as JSON.
 */
export function querySql(
  source: Source,
  query: StateQuery,
  after: Position | undefined,
  now: string,
): readonly Sql[] {
  const { filter, sort } = query;
  const { table, from } = source;
  const where = [
    sql(isJson(table)),
    sql(`(${table}.expiration_time IS NULL OR ${table}.expiration_time > ?)`, now),
    ...scope(query, source),
    ...(filter === undefined ? [] : [condition(filter, source)]),
  ];
  const values = sort.map(({ path }) => source.valueAt(path));
  // JSON, because text that is read ends at a NUL.
  const sorted = values.map((value) => `iif(typeof(${value}) = 'text', json_quote(${value}), ${value})`);
  const item = [`json_quote(${source.key})`];
  for (const column of ["value", "etag", "expiration_time"]) item.push(`${table}.${column}`);
  const direction = sort[0]?.order === "DESC" ? " DESC" : "";
  const order = [...sort.map(({ order: one }, i) => `${values[i]} ${one}`), source.key + direction];
  const parts = after === undefined ? [undefined] : stretches(query, after, source);
  return parts.map((stretch) => {
    const all = joined(stretch === undefined ? where : [...where, stretch], " AND ");
    const text = `SELECT ${[...item, ...sorted].join(", ")} FROM ${from} WHERE ${all.text} ORDER BY ${order.join(", ")} LIMIT ?`;
    return sql(text, ...all.values);
  });
}
