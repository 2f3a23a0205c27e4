import { readFile as readFileOf } from "node:fs";
import { mkdir, open, readdir, realpath, rename, rm, rmdir, stat, unlink } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import {
  type BindingRequest,
  type BindingResponse,
  defineBinding,
  type OutputBinding,
} from "../../components/bindings/binding.ts";
import { text } from "../../components/metadata-schema.ts";
import { ComponentError } from "../../errors/component-error.ts";
import type { Platform } from "../../platform.ts";
import { confinedPath } from "./localstorage/confined-path.ts";
import { fileContents } from "./localstorage/file-contents.ts";

const encoder = new TextEncoder();
/** Costs half of what the one of node:fs/promises does. */
const readFile = promisify(readFileOf);

export const localStorageBinding = defineBinding({
  type: "bindings.localstorage",
  version: "v1",
  summary: "Files in one folder of the machine.",
  metadata: { rootPath: text.required("The folder; made when it is not there.") },
  features: ["OUTPUT_BINDING"],
  async open({ rootPath }, { name, platform }) {
    try {
      const path = resolve(rootPath);
      await mkdir(path, { recursive: true });
      return new LocalStorage(await realpath(path), platform);
    } catch (error) {
      throw new ComponentError(
        "INVALID_ARGUMENT",
        `component ${name}: metadata field rootPath: the folder cannot be used (${(error as NodeJS.ErrnoException).code})`,
      );
    }
  },
});

/** Names in answers and errors are relative to the root, so that no caller learns the machine's folders. */
class LocalStorage implements OutputBinding {
  readonly operations = ["create", "get", "list", "delete"];
  readonly #root: string;
  readonly #platform: Platform;

  constructor(root: string, platform: Platform) {
    this.#root = root;
    this.#platform = platform;
  }

  async invoke(request: BindingRequest): Promise<BindingResponse | undefined> {
    const { operation, metadata } = request;
    const given = metadata.get("fileName") ?? "";
    const name = given === "" && operation === "create" ? this.#platform.uuid() : given;
    const path = await confinedPath(this.#root, name);
    if (path === this.#root && operation !== "list") {
      throw new ComponentError("INVALID_ARGUMENT", "metadata field fileName names no file");
    }
    try {
      switch (operation) {
        case "create":
          await this.#write(path, fileContents(request.data));
          return answer(encoder.encode(JSON.stringify({ fileName: name })));
        case "get":
          return answer(await readFile(path));
        case "list":
          return answer(encoder.encode(JSON.stringify(await this.#list(path))));
        default:
          await this.#delete(path);
          return undefined;
      }
    } catch (error) {
      throw this.#failure(operation, path, error as NodeJS.ErrnoException);
    }
  }

  async close(): Promise<void> {}

  /** All of it or nothing: whoever reads meanwhile, or after a crash, finds the old contents or the new. */
  async #write(path: string, contents: Uint8Array): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const beside = join(dirname(path), `.${this.#platform.uuid()}.tmp`);
    try {
      const file = await open(beside, "wx");
      try {
        await file.writeFile(contents);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, path);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  }

  async #list(path: string): Promise<readonly string[]> {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && !/^\.[0-9a-f-]{36}\.tmp$/.test(entry.name));
    return files.map((entry) => relative(this.#root, join(entry.parentPath, entry.name))).sort();
  }

  async #delete(path: string): Promise<void> {
    await ((await stat(path)).isDirectory() ? rmdir(path) : unlink(path));
  }

  #failure(operation: string, path: string, { code }: NodeJS.ErrnoException): ComponentError {
    const name = relative(this.#root, path) || ".";
    switch (code) {
      case "ENOENT":
        return new ComponentError("NOT_FOUND", `file not found: ${name}`);
      case "ENOTDIR":
      case "EEXIST":
        return new ComponentError(
          "INVALID_ARGUMENT",
          `cannot ${operation} ${name}: it, or a part of it, is a file`,
        );
      case "EISDIR":
        return new ComponentError("INVALID_ARGUMENT", `cannot ${operation} ${name}: it is a folder`);
      default:
        return new ComponentError("UNKNOWN", `cannot ${operation} ${name} (${code})`);
    }
  }
}

function answer(data: Uint8Array): BindingResponse {
  return { data, metadata: new Map() };
}
