import {
  existsSync,
  rename as renameOf,
  renameSync,
  rmSync,
  writeFile as writeFileOf,
  writeFileSync,
} from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { writeDurably } from "../files/write-durably.ts";

/** Cost half of what those of node:fs/promises do. */
const rename = promisify(renameOf);
const writeFile = promisify(writeFileOf);

const ATTEMPTS = 10;

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** Whether a file is one that is being written, or that a killed process left. */
export function isUnfinished(path: string): boolean {
  return /[/\\]\.[0-9a-f-]{36}\.tmp$/.test(path);
}

/**
 * Writes all of a file or nothing, and the folders that lead to it: whoever reads meanwhile, or after the process was
 * killed, finds the old contents or the new. `durable`: also after a power failure.
 */
export async function writeWhole(
  path: string,
  contents: Uint8Array,
  durable: boolean,
  uuid: () => string,
): Promise<void> {
  let made: string | undefined;
  for (let attempt = 1; ; attempt++) {
    const beside = join(dirname(path), `.${uuid()}.tmp`);
    try {
      await (durable ? writeDurably(beside, contents) : writeFile(beside, contents, { flag: "wx" }));
      await rename(beside, path);
      if (durable) await flushFolders(dirname(path), made && dirname(made));
      return;
    } catch (error) {
      await rm(beside, { force: true });
      // There is no folder yet; or another sidecar, as it opened, took the file for a dead one's.
      if (codeOf(error) !== "ENOENT" || attempt === ATTEMPTS) throw error;
      made = await mkdir(dirname(path), { recursive: true });
    }
  }
}

/** Bytes of what is written on the spot. */
const SMALL = 64 << 10;

/**
 * As {@link writeWhole}, on the spot, for a small file that is new and need not be durable; false where it is none, or cannot
 * be written that way. What takes another's place goes to the disk with its name, on some file systems, and takes as long.
 */
export function writeNewNow(path: string, contents: Uint8Array, uuid: () => string): boolean {
  if (contents.byteLength > SMALL || existsSync(path)) return false;
  const beside = join(dirname(path), `.${uuid()}.tmp`);
  try {
    writeFileSync(beside, contents, { flag: "wx" });
    renameSync(beside, path);
    return true;
  } catch {
    // The other way tells why, or makes the folder first.
    rmSync(beside, { force: true });
    return false;
  }
}

/** The names in a folder, and those of folders above it up to one. Not every system lets a folder be flushed. */
async function flushFolders(path: string, upTo: string | undefined): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  if (upTo !== undefined && path !== upTo) await flushFolders(dirname(path), upTo);
}
