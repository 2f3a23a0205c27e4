import { resolve } from "node:path";
import type { FSWatcher } from "chokidar";
import { reasonOf } from "../../errors/reason-of.ts";
import type { Platform } from "../../platform.ts";

/** A package is written file by file: it is read when all has been quiet for so long. */
const QUIET_MS = 200;

/** Calls `changed` after something in these folders did, one call at a time. The answer ends it. */
export function watchPackages(
  paths: readonly string[],
  { clock, log }: Platform,
  changed: () => Promise<void>,
): () => Promise<void> {
  let closed = false;
  let turn: Promise<void> = Promise.resolve();
  let cancel = () => {};
  const read = () => {
    turn = turn.then(async () => {
      if (closed) return;
      await changed().catch((error: unknown) =>
        log.error(`capability packages stay as they were: ${reasonOf(error)}`),
      );
    });
  };
  const noticed = () => {
    cancel();
    cancel = clock.after(QUIET_MS, read);
  };
  const watcher = import("chokidar").then(({ watch }): FSWatcher => {
    const opened = watch(
      paths.map((path) => resolve(path)),
      { ignoreInitial: true, depth: 3 },
    );
    opened.on("error", (error) => log.warn(`changes of packages are not noticed: ${reasonOf(error)}`));
    return opened.on("all", noticed);
  });
  return async () => {
    closed = true;
    cancel();
    await (await watcher).close();
    await turn;
  };
}
