import { mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "./arguments.ts";

/** Appends lines to a file, whose folder is made where it is missing. Throws UsageError; `remedy` ends its sentence. */
export function logFile(path: string, remedy: string): (line: string) => void {
  let file: number;
  try {
    mkdirSync(dirname(path), { recursive: true });
    file = openSync(path, "a");
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new UsageError(`${path} cannot be written (${code}); ${remedy}`);
  }
  return (line) => writeSync(file, `${line}\n`);
}
