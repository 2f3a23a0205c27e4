import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { KeptFiles } from "../../capability/site-package.ts";

/** Where this user's sidecars keep what they fetched of packages. */
export function packageCache(environment: Readonly<Record<string, string | undefined>>): string {
  return join(environment.XDG_CACHE_HOME || join(homedir(), ".cache"), "daprlet", "packages");
}

/** Files in a folder, by the hash of their address. Several processes may write the same one: each is there whole, or not at all. */
export function keptFiles(folder: string): KeptFiles {
  const placeOf = (address: string) => join(folder, createHash("sha256").update(address).digest("hex"));
  return {
    async read(address) {
      try {
        return new Uint8Array(await readFile(placeOf(address)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    async write(address, bytes) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const written = join(folder, randomUUID());
      await writeFile(written, bytes, { mode: 0o600 });
      await rename(written, placeOf(address));
    },
    async delete(address) {
      await rm(placeOf(address), { force: true });
    },
  };
}
