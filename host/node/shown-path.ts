import { relative } from "node:path";

/** How messages call a file: from the working folder, where it is below it. */
export function shownPath(file: string): string {
  const path = relative(".", file);
  return path.startsWith("..") ? file : path;
}
