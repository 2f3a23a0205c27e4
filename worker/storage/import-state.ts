import { unwrap } from "idb";
import { fromBase64 } from "../../host/base64.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { IMPORTED } from "../components/configuration-layout.ts";
import { Database } from "./database.ts";
import { type DatabaseName, databaseName, type StoredFamily } from "./database-names.ts";
import { EXPORT_FORMAT, EXPORT_TIMEOUT_MS, EXPORT_VERSION, type StateOptions } from "./export-state.ts";
import { storedFamilies } from "./stored-families.ts";

export interface Imported extends DatabaseName {
  readonly records: number;
}

interface Section extends DatabaseName {
  readonly records: { readonly store: string; readonly key: IDBValidKey; readonly value: unknown }[];
}

/**
 * Puts back what `exportState` wrote. The whole file is checked before anything is written; then each component's
 * data replaces what it had, all of it or none. Components that the file does not name are left alone. Throws a
 * ComponentError: INVALID_ARGUMENT with the line for a file that is no whole export, and those of storage.
 */
export async function importState(file: Blob, options: StateOptions): Promise<readonly Imported[]> {
  const sections = await read(file);
  const imported: Imported[] = [];
  for (const section of sections) {
    await write(section, options);
    imported.push({ family: section.family, component: section.component, records: section.records.length });
  }
  return imported;
}

async function read(file: Blob): Promise<readonly Section[]> {
  const sections = new Map<string, Section>();
  let current: Section | undefined;
  let number = 0;
  let records = 0;
  let ended = false;
  for await (const text of linesOf(file)) {
    number++;
    const refuse = (why: string) =>
      new ComponentError("INVALID_ARGUMENT", `import: line ${number}: ${why}; nothing was imported`);
    if (ended) throw refuse("there is more after the end");
    const entry = parse(text);
    if (entry === undefined) throw refuse("not a JSON object");
    if (number === 1) {
      if (entry.format !== EXPORT_FORMAT) throw refuse("this is no export of daprlet's state");
      if (entry.version !== EXPORT_VERSION)
        throw refuse("written by another version of daprlet; use that one");
    } else if (isObject(entry.end)) {
      if (entry.end.records !== records) throw refuse("records are missing");
      ended = true;
    } else if (isObject(entry.database)) {
      const { family, component, version } = entry.database;
      if (!isFamily(family) || typeof component !== "string") throw refuse("an unknown kind of database");
      // Records of an earlier layout are records of this one.
      if (typeof version !== "number" || version > storedFamilies[family].layout.version) {
        throw refuse("the database is of another version of daprlet; use that one");
      }
      const id = `${family} ${component}`;
      if (sections.has(id)) throw refuse(`${id} is there twice`);
      current = { family, component, records: [] };
      sections.set(id, current);
    } else {
      const { store, key, value } = entry;
      if (current === undefined) throw refuse("a record before its database");
      const check =
        typeof store === "string" ? storedFamilies[current.family].exported.get(store) : undefined;
      if (typeof store !== "string" || check === undefined || !isObject(value) || !check(key, value)) {
        throw refuse("a record of the wrong shape");
      }
      current.records.push({ store, key: key as IDBValidKey, value });
      records++;
    }
  }
  if (!ended) {
    throw new ComponentError("INVALID_ARGUMENT", "import: the file has no end; nothing was imported");
  }
  return [...sections.values()];
}

async function write(section: Section, { databasePrefix, clock, log }: StateOptions): Promise<void> {
  const { family, component, records } = section;
  const { layout, stores } = storedFamilies[family];
  const name = databaseName(databasePrefix, family, component);
  const database = new Database<unknown>({ name, layout, clock, log, timeoutMs: EXPORT_TIMEOUT_MS });
  try {
    await database.transact([...stores], "readwrite", "strict", async (transaction) => {
      for (const store of stores) unwrap(transaction.objectStore(store)).clear();
      for (const { store, key, value } of records) unwrap(transaction.objectStore(store)).put(value, key);
    });
  } finally {
    database.close();
  }
  if (family !== "state") wake(name, section);
}

/** Subscriptions that are open now look at once for what came. */
function wake(database: string, { family, records }: Section): void {
  const channel = new BroadcastChannel(database);
  if (family === "configuration") channel.postMessage(IMPORTED);
  for (const { store, key } of records) if (store === "topics") channel.postMessage(key);
  channel.close();
}

async function* linesOf(file: Blob): AsyncGenerator<string> {
  let rest = "";
  const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const lines = (rest + read.value).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text, (_name, member: unknown) =>
      isObject(member) && typeof member.$base64 === "string" ? fromBase64(member.$base64) : member,
    );
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFamily(value: unknown): value is StoredFamily {
  return typeof value === "string" && Object.hasOwn(storedFamilies, value);
}
