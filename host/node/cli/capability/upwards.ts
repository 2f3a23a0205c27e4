import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** A file, as seen from a folder: in the first one upwards that has it. */
export function upwards(file: string, from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const path = join(folder, file);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return undefined;
  }
}
