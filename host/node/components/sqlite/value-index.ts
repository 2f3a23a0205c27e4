import type { Path } from "../../../components/state/query.ts";
import type { Database } from "./open-database.ts";
import { isJson, type Source, valueAt } from "./query-sql.ts";

const nameOf = (table: string) => `${table}_query`;

/** Names of columns differ in more than case, as paths do. */
function columnOf(path: Path): string {
  return `v_${Buffer.from(path.join(".")).toString("hex")}`;
}

function pathOf(column: string): Path {
  return Buffer.from(column.slice(2), "hex").toString().split(".");
}

/**
 * Sees to it that there is an index of the values at these paths, in a transaction. It is a table beside the items,
 * kept up by triggers, and so by whatever writes the items, daprd too. Indexes on expressions would be simpler, but
 * must be computed alike by every SQLite that writes, and releases differ in the last digit of a number: to those
 * that do, the database would be malformed. Paths that were declared earlier, or by others, stay.
 */
export function createValueIndex(database: Database, table: string, paths: readonly Path[]): void {
  if (paths.length === 0) return;
  const index = nameOf(table);
  database.exec(`CREATE TABLE IF NOT EXISTS ${index} (key TEXT NOT NULL PRIMARY KEY)`);
  const rows = database.prepare(`PRAGMA table_info(${index})`).all([]) as { readonly name: string }[];
  const before = new Set(rows.map(({ name }) => name).filter((name) => name !== "key"));
  const added = paths.map(columnOf).filter((column) => !before.has(column));
  if (added.length === 0) return;
  for (const column of added) {
    database.exec(`ALTER TABLE ${index} ADD COLUMN ${column};
      CREATE INDEX ${index}_${column} ON ${index} (${column}, key)`);
  }
  const columns = [...before, ...added];
  const values = (row: string) => columns.map((column) => valueAt(row, pathOf(column))).join(", ");
  const insert = `INSERT INTO ${index} (key, ${columns.join(", ")})`;
  const forget = (row: string) => `DELETE FROM ${index} WHERE key = ${row}.key`;
  const put = `${insert} SELECT new.key, ${values("new")} WHERE ${isJson("new")}`;
  const triggers = { INSERT: [forget("new"), put], UPDATE: [forget("old"), put], DELETE: [forget("old")] };
  for (const [event, statements] of Object.entries(triggers)) {
    const trigger = `${index}_${event.toLowerCase()}`;
    database.exec(`DROP TRIGGER IF EXISTS ${trigger};
      CREATE TRIGGER ${trigger} AFTER ${event} ON ${table} BEGIN ${statements.join("; ")}; END`);
  }
  database.exec(`DELETE FROM ${index};
    ${insert} SELECT ${table}.key, ${values(table)} FROM ${table} WHERE ${isJson(table)}`);
}

/** Items by the values of their index. */
export function indexOf(table: string): Source {
  const index = nameOf(table);
  return {
    table,
    // The order of a cross join is kept by the planner.
    from: `${index} CROSS JOIN ${table} ON ${table}.key = ${index}.key`,
    key: `${index}.key`,
    valueAt: (path) => `${index}.${columnOf(path)}`,
  };
}
