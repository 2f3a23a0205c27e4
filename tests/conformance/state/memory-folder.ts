import type { Folder } from "../../../host/components/state/files/folder.ts";

export interface MemoryFolderOptions {
  /** After so many changes the process is dead: nothing that it asks for happens any more, or is answered. */
  readonly alive?: number;
  /** Called before each step: when it resolves the step is taken. */
  readonly before?: (step: "read" | "create" | "remove", name: string) => Promise<unknown> | undefined;
}

/** A folder in memory, which several processes may see, with what only a test can have. */
export class MemoryFolder implements Folder {
  readonly durability = "persistent";
  readonly #files: Map<string, Uint8Array>;
  readonly #options: MemoryFolderOptions;
  #changes = 0;
  #die: () => void = () => undefined;
  readonly died = new Promise<void>((resolve) => {
    this.#die = resolve;
  });

  constructor(files: Map<string, Uint8Array>, options: MemoryFolderOptions = {}) {
    this.#files = files;
    this.#options = options;
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    await this.#step("read", name);
    return this.#file(name)?.slice();
  }

  async has(name: string): Promise<boolean> {
    await this.#step("read", name);
    return this.#file(name) !== undefined;
  }

  async create(name: string, contents: Uint8Array): Promise<boolean> {
    await this.#step("create", name);
    if (this.#file(name) !== undefined) return false;
    this.#files.set(name, contents.slice());
    await this.#changed();
    return true;
  }

  async list(): Promise<readonly string[]> {
    await this.#step("read", "");
    return [...this.#files.keys()];
  }

  async remove(name: string): Promise<void> {
    await this.#step("remove", name);
    this.#files.delete(name);
    await this.#changed();
  }

  async close(): Promise<void> {}

  /** One without bytes was not finished. */
  #file(name: string): Uint8Array | undefined {
    const file = this.#files.get(name);
    return file?.byteLength === 0 ? undefined : file;
  }

  async #step(step: "read" | "create" | "remove", name: string): Promise<void> {
    await this.#options.before?.(step, name);
    await this.#lives();
  }

  /** The answer to the last change is not heard any more. */
  async #changed(): Promise<void> {
    this.#changes++;
    await this.#lives();
  }

  async #lives(): Promise<void> {
    if (this.#changes < (this.#options.alive ?? Number.POSITIVE_INFINITY)) return;
    this.#die();
    await new Promise(() => undefined);
  }
}
