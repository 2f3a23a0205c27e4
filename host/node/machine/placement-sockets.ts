import { readdir, rename, unlink } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/**
 * What of placement lies in a namespace's folder, beside the folders of its apps: `placement.<term>`, the socket of the
 * coordinator with that term, of which the one with the greatest rules; and `member.<id>`, one for each member.
 */
const coordinator = /^placement\.(\d{1,16})$/;
const member = /^member\.[0-9a-f]{32}$/;

export const coordinatorPath = (folder: string, term: number): string => join(folder, `placement.${term}`);

export interface PlacementSockets {
  /** Ascending. */
  readonly terms: readonly number[];
  readonly members: readonly string[];
}

export async function placementSockets(folder: string): Promise<PlacementSockets> {
  const names = await readdir(folder);
  const terms = names.flatMap((name) => {
    const term = Number(coordinator.exec(name)?.[1] ?? Number.NaN);
    return Number.isSafeInteger(term) ? [term] : [];
  });
  return { terms: terms.sort((a, b) => a - b), members: names.filter((name) => member.test(name)) };
}

const nothing = () => undefined;

/** Resolves when it listens. Rejects with EADDRINUSE where the path is taken: of all who try, one gets it. */
export function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      server.on("error", nothing);
      server.unref();
      resolve();
    });
  });
}

/** Rejects with ECONNREFUSED or ENOENT where nobody listens any more. */
export function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

export const nobodyListens = (error: unknown): boolean =>
  ["ECONNREFUSED", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "");

/**
 * A socket that says nothing but that its process lives: the kernel closes it with the process, however that ends, and
 * keeps it while the process stands still.
 */
export class Lifeline {
  readonly name: string;
  readonly #path: string;
  readonly #server = createServer((socket) => socket.on("error", nothing).destroy());

  /** `id`: never used before. */
  constructor(folder: string, id: string) {
    this.name = `member.${id.replaceAll("-", "")}`;
    this.#path = join(folder, this.name);
  }

  async open(): Promise<void> {
    // Between bind and listen a socket refuses connections and would be taken for a dead one: it shows up when it works.
    const hidden = `${this.#path}.new`;
    await listen(this.#server, hidden);
    await rename(hidden, this.#path);
  }

  async close(): Promise<void> {
    await unlink(this.#path).catch(nothing);
    this.#server.close();
  }
}

/** Whether a member's process has surely ended; what it has left is removed. */
export async function hasEnded(folder: string, lifeline: string): Promise<boolean> {
  const path = join(folder, lifeline);
  for (let attempt = 1; ; attempt++) {
    try {
      (await connected(path)).destroy();
      return false;
    } catch (error) {
      if (!nobodyListens(error)) return false;
    }
    if (attempt === 2) break;
    await setTimeout(20);
  }
  await unlink(path).catch(nothing);
  return true;
}
