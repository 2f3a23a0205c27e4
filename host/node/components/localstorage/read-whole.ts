import {
  close,
  closeSync,
  constants,
  open as openOf,
  openSync,
  readFile as readFileOf,
  read as readOf,
  readSync,
} from "node:fs";
import { promisify } from "node:util";

/** Cost half of what those of node:fs/promises do. */
const open = promisify(openOf);
const read = promisify(readOf);
const readFile = promisify(readFileOf);

/** Waits for nobody to write into a named pipe: who waits holds one of the few threads that all files share. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const FIRST = 8192;

/** The contents of a file. */
export async function readWhole(path: string): Promise<Uint8Array> {
  const file = await open(path, READ);
  try {
    const first = Buffer.allocUnsafeSlow(FIRST);
    const { bytesRead } = await read(file, first, 0, FIRST, null);
    if (bytesRead < FIRST) return first.subarray(0, bytesRead);
    return Buffer.concat([first, await readFile(file)]);
  } finally {
    // What is read is read, however that ends.
    close(file, () => undefined);
  }
}

/** The contents of a small file, on the spot; undefined where there is more of it. */
export function readSmallNow(path: string): Uint8Array | undefined {
  const file = openSync(path, READ);
  try {
    const bytes = Buffer.allocUnsafeSlow(FIRST);
    const size = readSync(file, bytes, 0, FIRST, null);
    return size < FIRST ? bytes.subarray(0, size) : undefined;
  } finally {
    closeSync(file);
  }
}
