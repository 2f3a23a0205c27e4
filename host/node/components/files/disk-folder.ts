import { type FileHandle, link, mkdir, open, readdir, readFile, stat, unlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Folder } from "../../../components/state/files/folder.ts";
import { ComponentError } from "../../../errors/component-error.ts";
import { Turnstile } from "../../../turnstile.ts";
import { writeDurably } from "./write-durably.ts";

const isUnfinished = (name: string) => /^[0-9a-f-]{36}\.tmp$/.test(name);
const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/**
 * A folder of this machine. A file is written under another name, flushed, and then linked under its own: that
 * succeeds for one process only, and never for a part of it.
 */
export class DiskFolder implements Folder {
  readonly durability = "persistent";
  readonly #path: string;
  /** Tells it from another that takes its place. */
  readonly #inode: bigint;
  readonly #uuid: () => string;
  /** Of the folder, to flush its names; undefined where a system flushes them with its files. */
  readonly #handle: FileHandle | undefined;
  /** A flush holds one of the four threads that all files share: reads must find one free. */
  readonly #flushes = new Turnstile(2);

  private constructor(path: string, inode: bigint, uuid: () => string, handle: FileHandle | undefined) {
    this.#path = path;
    this.#inode = inode;
    this.#uuid = uuid;
    this.#handle = handle;
  }

  /** Makes the folder where it is not there, and removes what killed processes did not finish. Throws a ComponentError. */
  static async open(path: string, uuid: () => string): Promise<DiskFolder> {
    const at = resolve(path);
    try {
      await mkdir(at, { recursive: true });
      const { ino } = await stat(at, { bigint: true });
      const handle = process.platform === "win32" ? undefined : await open(at, "r");
      const folder = new DiskFolder(at, ino, uuid, handle);
      // Where another process is about to link one of them, it writes it again.
      for (const name of (await folder.list()).filter(isUnfinished)) await folder.remove(name);
      return folder;
    } catch (error) {
      throw failure(error);
    }
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    try {
      const { buffer, byteOffset, byteLength } = await readFile(join(this.#path, name));
      return new Uint8Array(buffer, byteOffset, byteLength);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw failure(error);
    }
  }

  async has(name: string): Promise<boolean> {
    try {
      const there = stat(join(this.#path, name)).then(
        () => true,
        (error: unknown) => {
          if (codeOf(error) === "ENOENT") return false;
          throw error;
        },
      );
      const [{ ino }, found] = await Promise.all([stat(this.#path, { bigint: true }), there]);
      if (ino !== this.#inode) throw new ComponentError("FAILED_PRECONDITION", unusable("replaced", MOVED));
      return found;
    } catch (error) {
      throw failure(error);
    }
  }

  async create(name: string, contents: Uint8Array): Promise<boolean> {
    await this.#flushes.enter(undefined);
    try {
      while (!(await this.#write(name, contents))) if (await this.has(name)) return false;
      await this.#handle?.sync();
      return true;
    } catch (error) {
      throw failure(error);
    } finally {
      this.#flushes.leave();
    }
  }

  async list(): Promise<readonly string[]> {
    try {
      return await readdir(this.#path);
    } catch (error) {
      throw failure(error);
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await unlink(join(this.#path, name));
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw failure(error);
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }

  /** False: another process has made it, or has removed the unfinished file. */
  async #write(name: string, contents: Uint8Array): Promise<boolean> {
    const unfinished = join(this.#path, `${this.#uuid()}.tmp`);
    try {
      await writeDurably(unfinished, contents);
      return await link(unfinished, join(this.#path, name)).then(
        () => true,
        (error: unknown) => {
          if (["EEXIST", "ENOENT"].includes(codeOf(error) ?? "")) return false;
          throw error;
        },
      );
    } finally {
      await unlink(unfinished).catch(() => undefined);
    }
  }
}

const MOVED =
  "the folder was moved, deleted or replaced while it was open: put it back, or start the sidecar again";

const meanings: Readonly<Record<string, readonly [ConstructorParameters<typeof ComponentError>[0], string]>> =
  {
    ENOSPC: ["RESOURCE_EXHAUSTED", "the disk is full, nothing was written; make room"],
    EDQUOT: ["RESOURCE_EXHAUSTED", "the disk quota is used up, nothing was written; make room"],
    EFBIG: ["RESOURCE_EXHAUSTED", "files may not grow so large here; allow it, or keep smaller values"],
    EROFS: ["PERMISSION_DENIED", "the folder cannot be written; choose another"],
    EACCES: ["PERMISSION_DENIED", "the sidecar may not use the folder; allow it, or choose another"],
    EPERM: ["PERMISSION_DENIED", "the folder or its file system (which needs hard links) does not allow it"],
    ENOTSUP: ["FAILED_PRECONDITION", "the folder's file system has no hard links; choose another"],
    EEXIST: ["INVALID_ARGUMENT", "rootPath is a file; name a folder"],
    ENOTDIR: ["INVALID_ARGUMENT", "rootPath, or a part of it, is a file; name a folder"],
    EMFILE: ["RESOURCE_EXHAUSTED", "the process has too many files open; raise its limit"],
    ENOENT: ["FAILED_PRECONDITION", MOVED],
  };

function failure(error: unknown): ComponentError {
  if (error instanceof ComponentError) return error;
  const code = codeOf(error) ?? "";
  const [meaning, remedy] = meanings[code] ?? ["UNKNOWN", "see the system's log"];
  return new ComponentError(meaning, unusable(code, remedy), { cause: error });
}

function unusable(why: string, remedy: string): string {
  return `the store's files cannot be used (${why}): ${remedy}`;
}
