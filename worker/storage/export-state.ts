import { toBase64 } from "../../host/base64.ts";
import type { Clock, Log } from "../../host/platform.ts";
import { Database } from "./database.ts";
import { type DatabaseName, databaseName, parseDatabaseName } from "./database-names.ts";
import { storedFamilies } from "./stored-families.ts";

export interface StateOptions {
  /** Of the scope. */
  readonly databasePrefix: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** First line of an export. */
export const EXPORT_FORMAT = "daprlet-state";
export const EXPORT_VERSION = 1;
/** A large store takes its time, and must not be cut off like a request. */
export const EXPORT_TIMEOUT_MS = 15 * 60_000;

/** Records of one read. */
const PAGE = 500;

/**
 * All that the components of a scope keep, as JSON lines: a head, for each database a line and its records, and an
 * end with their number. Bytes are kept (as base64). Each database is as it was at one moment.
 */
export async function exportState(options: StateOptions): Promise<Blob> {
  const lines: string[] = [line({ format: EXPORT_FORMAT, version: EXPORT_VERSION })];
  let records = 0;
  for (const name of await databasesOf(options.databasePrefix)) {
    records += await exportDatabase(name, options, lines);
  }
  lines.push(line({ end: { records } }));
  return new Blob(lines, { type: "application/jsonl" });
}

async function databasesOf(prefix: string): Promise<DatabaseName[]> {
  const all = await indexedDB.databases();
  return all.flatMap(({ name }) => parseDatabaseName(prefix, name ?? "") ?? []);
}

async function exportDatabase(
  { family, component }: DatabaseName,
  { databasePrefix, clock, log }: StateOptions,
  lines: string[],
): Promise<number> {
  const { layout, exported, derived } = storedFamilies[family];
  const name = databaseName(databasePrefix, family, component);
  const database = new Database<unknown>({ name, layout, clock, log, timeoutMs: EXPORT_TIMEOUT_MS });
  let own: string[] = [];
  try {
    await database.transact([...exported.keys()], "readonly", "default", async (transaction) => {
      own = [line({ database: { family, component, version: layout.version } })];
      for (const storeName of exported.keys()) {
        const store = transaction.objectStore(storeName);
        let range: IDBKeyRange | null = null;
        for (let page = PAGE; page === PAGE; ) {
          const [keys, values]: [IDBValidKey[], unknown[]] = await Promise.all([
            store.getAllKeys(range, PAGE),
            store.getAll(range, PAGE),
          ]);
          for (const [i, key] of keys.entries()) {
            const value = { ...(values[i] as Record<string, unknown>) };
            for (const member of derived) delete value[member];
            own.push(line({ store: storeName, key, value }));
          }
          page = keys.length;
          const last = keys.at(-1);
          if (last !== undefined) range = IDBKeyRange.lowerBound(last, true);
        }
      }
    });
  } finally {
    database.close();
  }
  for (const one of own) lines.push(one);
  return own.length - 1;
}

function line(value: unknown): string {
  return `${JSON.stringify(value, (_name, member: unknown) =>
    member instanceof Uint8Array ? { $base64: toBase64(member) } : member,
  )}\n`;
}
