import { resolve } from "node:path";
import type { FSWatcher } from "chokidar";
import { reasonOf } from "../errors/reason-of.ts";
import type { Clock, Log } from "../platform.ts";
import type { Resources } from "../resources/resources.ts";
import type { FoundResources } from "./found-resources.ts";

/** Editors write a file in several steps: it is read when it has been quiet for so long. */
const quietMs = 100;
/** The watcher is loaded when the start is over, which it would make longer. */
const afterMs = 200;

export interface WatchOptions {
  readonly paths: readonly string[];
  /** False: they are read again only when asked. */
  readonly watched: boolean;
  readonly found: Pick<FoundResources, "reload" | "resources">;
  readonly clock: Clock;
  readonly log: Log;
  /** They are read again so often, though nobody saw them change. */
  readonly reconcileMs: number | undefined;
  /** Brings the sidecar to what was read. */
  update(resources: Resources): Promise<unknown>;
}

/** The files that hold the secrets of these resources. */
function secretsFiles({ components }: Resources): readonly string[] {
  return components.flatMap(({ type, metadata }) => {
    if (type !== "secretstores.local.file") return [];
    const [, file] = [...metadata].find(([name]) => name.toLowerCase() === "secretsfile") ?? [];
    return file === undefined ? [] : resolve(file);
  });
}

/** Reads resource files again whenever they change, and when asked. The same fault is told once. */
export function watchResources(options: WatchOptions): { again(): Promise<void>; close(): Promise<void> } {
  const { paths, watched, found, clock, log, update } = options;
  const reconcileMs = watched ? options.reconcileMs : undefined;
  let told = new Set<string>();
  let cancel = () => {};
  let turn: Promise<void> = Promise.resolve();
  let closed = false;
  /** Secrets may have changed: what was opened with them is looked at, though no resource changed. */
  let secretsChanged = false;

  async function reload(): Promise<void> {
    if (closed) return;
    const faults = new Set<string>();
    const tell = (sentence: string) => {
      faults.add(sentence);
      if (!told.has(sentence)) log.error(sentence);
    };
    try {
      const unchanged = secretsChanged ? found.resources : undefined;
      secretsChanged = false;
      const resources = (await found.reload(tell)) ?? unchanged;
      if (resources === undefined) {
        for (const fault of faults) told.add(fault);
        return;
      }
      if (!closed) await update(resources);
      opened?.add([...secretsFiles(resources)]);
    } catch (error) {
      if (!closed) tell(`the resources stay as they were: ${reasonOf(error)}`);
    }
    told = faults;
  }

  const again = () => {
    turn = turn.then(reload);
    return turn;
  };
  const changed = (_event?: string, path?: string) => {
    if (path !== undefined && secretsFiles(found.resources).includes(resolve(path))) secretsChanged = true;
    cancel();
    cancel = clock.after(quietMs, again);
  };
  let opened: FSWatcher | undefined;
  let watcher: Promise<FSWatcher> | undefined;
  const begin = async () => {
    const { watch } = await import("chokidar");
    opened = watch([...paths, ...secretsFiles(found.resources)], { ignoreInitial: true, depth: 0 });
    opened.on("error", (error) => log.warn(`changes of the resources are not noticed: ${reasonOf(error)}`));
    // Once it is ready, too: a file may have changed while it was not.
    return opened.on("all", changed).on("ready", changed);
  };
  if (watched) {
    cancel = clock.after(afterMs, () => {
      watcher = begin();
    });
  }
  let unreconcile = () => {};
  if (reconcileMs !== undefined) {
    const reconcile = () => {
      again();
      unreconcile = clock.after(reconcileMs, reconcile);
    };
    unreconcile = clock.after(reconcileMs, reconcile);
  }
  return {
    again() {
      // Whoever asks may have changed what secrets are read from, which is not seen where nothing is watched.
      secretsChanged = true;
      return again();
    },
    async close() {
      closed = true;
      cancel();
      unreconcile();
      await (await watcher)?.close();
      await turn;
    },
  };
}
