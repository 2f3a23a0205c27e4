import { lstatSync, realpath as realpathOf, realpathSync } from "node:fs";
import { lstat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { promisify } from "node:util";
import { ComponentError } from "../../../errors/component-error.ts";

/** One call of the system, where the other one asks for each folder by itself. */
const realpath = promisify(realpathOf.native);

/** The nearest of it and its parents that exists, with links followed. */
async function nearestReal(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined) return real;
  for (let at = path; ; at = dirname(at)) {
    try {
      // A link to nothing is something: what is written through it would be made where it leads.
      await lstat(at);
    } catch {
      continue;
    }
    return await realpath(at);
  }
}

/** As {@link nearestReal}, on the spot. */
function nearestRealNow(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    if (isThere(at)) return realpathSync.native(at);
  }
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

const refusal = (why: string) => new ComponentError("INVALID_ARGUMENT", `metadata field fileName ${why}`);

function within(root: string, name: string): string {
  if (name.includes("\0")) throw refusal("must not have a NUL");
  return join(root, join(sep, name));
}

function check(root: string, real: string): void {
  if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw refusal("leads out of rootPath by a link");
  }
}

const toNowhere = "leads to a link that goes nowhere";

/**
 * The file that a caller names, within `root` (a real path): dot segments end at the root, as in daprd, and an absolute
 * name is one from the root. A name that leads out by a link, or that no file can have, is refused.
 */
export async function confinedPath(root: string, name: string): Promise<string> {
  const path = within(root, name);
  const real = await nearestReal(path).catch(() => {
    throw refusal(toNowhere);
  });
  check(root, real);
  return path;
}

/** As {@link confinedPath}, on the spot. */
export function confinedPathNow(root: string, name: string): string {
  const path = within(root, name);
  let real: string;
  try {
    real = nearestRealNow(path);
  } catch {
    throw refusal(toNowhere);
  }
  check(root, real);
  return path;
}
