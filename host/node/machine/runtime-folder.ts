import { createHash } from "node:crypto";
import { lstatSync, mkdirSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** A socket's path must fit into `sun_path`: 104 bytes on macOS, 108 on Linux. */
const longestRoot = 32;
const longestSegment = 20;

/**
 * The folder that only this user can enter: `$XDG_RUNTIME_DIR/daprlet`, else `daprlet-<uid>` in the folder for
 * temporary files. Not made yet.
 */
export function runtimeFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const { XDG_RUNTIME_DIR: given } = environment;
  if (given?.startsWith("/") && given.length + 8 <= longestRoot) return join(given, "daprlet");
  const name = `daprlet-${userInfo().uid}`;
  const usual = join(tmpdir(), name);
  return usual.length <= longestRoot ? usual : join("/tmp", name);
}

/** Makes the folder, or makes sure that it is this user's own and closed to all others. Throws with the remedy. */
export function ownFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid } = userInfo();
  const status = lstatSync(folder);
  if (!status.isDirectory() || status.uid !== uid || (status.mode & 0o077) !== 0) {
    throw new Error(
      `${folder} must be a folder that belongs to you and is closed to others (mode 0700), since who can enter it can call your apps; remove it, or run \`chmod 700\` on it`,
    );
  }
}

/** A name as one path segment: itself where that is safe on every file system, else its hash. */
function segmentOf(name: string): string {
  if (name.length <= longestSegment && /^[a-z0-9][a-z0-9_-]*$/.test(name)) return name;
  return `=${createHash("sha256")
    .update(name)
    .digest("hex")
    .slice(0, longestSegment - 1)}`;
}

/** The folder in which the apps of a namespace have theirs. */
export function namespaceFolder(folder: string, namespace: string): string {
  return join(folder, segmentOf(namespace));
}

/** The folder in which the instances of an app have their sockets. */
export function appFolder(folder: string, namespace: string, appId: string): string {
  return join(namespaceFolder(folder, namespace), segmentOf(appId));
}

/** The name of an instance's socket: its uuid without dashes. */
export function socketName(instance: string): string {
  return instance.replaceAll("-", "");
}

const name = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/;

/** The instances whose sockets are in a folder; none when there is no such folder. */
export async function instancesIn(folder: string): Promise<readonly string[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch {
    return [];
  }
  return names.filter((each) => name.test(each)).map((each) => each.replace(name, "$1-$2-$3-$4-$5"));
}
