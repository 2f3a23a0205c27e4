import { randomBytes } from "node:crypto";
import { basename, extname } from "node:path";

/** An id for an app that was given none: what it runs, and four digits that set two of them apart. */
export function generatedAppId(command: readonly string[]): string {
  const script = command.find((word, i) => i > 0 && /\.\w{1,4}$/.test(word) && !word.startsWith("-"));
  const word = script ?? command[0] ?? "app";
  const name = basename(word, extname(word))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  return `${name === "" ? "app" : name}-${randomBytes(2).toString("hex")}`;
}
