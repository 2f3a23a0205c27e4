import type { Durability } from "../../host/components/component.ts";
import type { Folder } from "../../host/components/state/files/folder.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { reasonOf } from "../../host/errors/reason-of.ts";
import { LastDurability } from "../storage/durability.ts";

const nameOf = (error: unknown) => (error instanceof DOMException ? error.name : "");

/**
 * A folder of the origin's private file system. The browser swaps in what was written when the file is closed; before,
 * the file may be there, and empty. Web Locks let one of all pages and workers make it.
 */
export class OpfsFolder implements Folder {
  readonly #name: string;
  readonly #directory: FileSystemDirectoryHandle;
  readonly #durability = new LastDurability();

  private constructor(name: string, directory: FileSystemDirectoryHandle) {
    this.#name = name;
    this.#directory = directory;
  }

  /** Throws a ComponentError. */
  static async open(name: string): Promise<OpfsFolder> {
    try {
      const root = await navigator.storage.getDirectory();
      const folder = new OpfsFolder(name, await root.getDirectoryHandle(name, { create: true }));
      await folder.#durability.ask();
      return folder;
    } catch (error) {
      throw failure(error);
    }
  }

  get durability(): Durability {
    return this.#durability.value;
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    try {
      const file = await this.#file(name);
      return file && new Uint8Array(await file.arrayBuffer());
    } catch (error) {
      throw failure(error);
    }
  }

  async has(name: string): Promise<boolean> {
    return (await this.#file(name)) !== undefined;
  }

  async create(name: string, contents: Uint8Array): Promise<boolean> {
    try {
      return await navigator.locks.request(`${this.#name}/${name}`, async () => {
        if (await this.has(name)) return false;
        const handle = await this.#directory.getFileHandle(name, { create: true });
        try {
          const writing = await handle.createWritable();
          await writing.write(contents as Uint8Array<ArrayBuffer>);
          await writing.close();
        } catch (error) {
          await this.#directory.removeEntry(name).catch(() => undefined);
          throw error;
        }
        return true;
      });
    } catch (error) {
      throw failure(error);
    }
  }

  async list(): Promise<readonly string[]> {
    const names: string[] = [];
    try {
      for await (const name of this.#directory.keys()) names.push(name);
    } catch (error) {
      throw failure(error);
    }
    return names;
  }

  async remove(name: string): Promise<void> {
    try {
      await this.#directory.removeEntry(name);
    } catch (error) {
      if (nameOf(error) !== "NotFoundError") throw failure(error);
    }
  }

  async close(): Promise<void> {}

  async #file(name: string): Promise<File | undefined> {
    try {
      const file = await (await this.#directory.getFileHandle(name)).getFile();
      return file.size === 0 ? undefined : file;
    } catch (error) {
      if (nameOf(error) === "NotFoundError") return undefined;
      throw failure(error);
    }
  }
}

function failure(error: unknown): ComponentError {
  if (error instanceof ComponentError) return error;
  const failed = (code: ConstructorParameters<typeof ComponentError>[0], message: string) =>
    new ComponentError(code, `the browser's private files: ${message}`, { cause: error });
  switch (nameOf(error)) {
    case "QuotaExceededError":
      return failed(
        "RESOURCE_EXHAUSTED",
        "the storage quota of this origin is used up, nothing was written; delete data, or ask for more with persist()",
      );
    case "NotFoundError":
      return failed(
        "FAILED_PRECONDITION",
        "the store's folder was deleted while it was open; reload the page",
      );
    case "":
    case "SecurityError":
      return failed(
        "PERMISSION_DENIED",
        `the browser has none for this page (no https, a private window, or blocked site data: ${reasonOf(error)}); allow them, or use state.indexeddb`,
      );
    default:
      return failed("UNAVAILABLE", `${reasonOf(error)}; retry, or reload the page`);
  }
}
