import { close, constants, open as openOf, readFile as readFileOf, read as readOf } from "node:fs";
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
