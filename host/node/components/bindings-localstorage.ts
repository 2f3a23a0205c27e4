import { mkdir, readdir, realpath, rmdir, stat, unlink } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import {
  type BindingRequest,
  type BindingResponse,
  defineBinding,
  type OutputBinding,
} from "../../components/bindings/binding.ts";
import { flag, text } from "../../components/metadata-schema.ts";
import { ComponentError } from "../../errors/component-error.ts";
import type { Platform } from "../../platform.ts";
import { confinedPath, confinedPathNow } from "./localstorage/confined-path.ts";
import { DiskPace } from "./localstorage/disk-pace.ts";
import { fileContents } from "./localstorage/file-contents.ts";
import { readSmallNow, readWhole } from "./localstorage/read-whole.ts";
import { WholeFiles } from "./localstorage/whole-files.ts";
import { isUnfinished } from "./localstorage/write-whole.ts";

const encoder = new TextEncoder();

export const localStorageBinding = defineBinding({
  type: "bindings.localstorage",
  version: "v1",
  summary: "Files in one folder of the machine.",
  metadata: {
    rootPath: text.required("The folder; made when it is not there."),
    durable: flag(
      "Answer a create only when the file would survive a power failure. Without it, it survives the sidecar.",
      false,
    ),
  },
  features: ["OUTPUT_BINDING"],
  async open({ rootPath, durable }, { name, platform }) {
    try {
      const path = resolve(rootPath);
      await mkdir(path, { recursive: true });
      const root = await realpath(path);
      const found = await filesIn(root).catch(() => []);
      for (const left of found.filter(isUnfinished)) await unlink(left).catch(() => undefined);
      return new LocalStorage(root, durable, platform);
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
  readonly #files: WholeFiles;
  readonly #pace: DiskPace;
  readonly #platform: Platform;

  constructor(root: string, durable: boolean, platform: Platform) {
    this.#root = root;
    this.#pace = new DiskPace(root, platform.clock);
    this.#files = new WholeFiles(durable, this.#pace, () => platform.uuid());
    this.#platform = platform;
  }

  async invoke(request: BindingRequest): Promise<BindingResponse | undefined> {
    const { operation, metadata } = request;
    const given = metadata.get("fileName") ?? "";
    const name = given === "" && operation === "create" ? this.#platform.uuid() : given;
    const path = this.#pace.quick
      ? this.#pace.measure(() => confinedPathNow(this.#root, name))
      : await confinedPath(this.#root, name);
    if (path === this.#root && operation !== "list") {
      throw new ComponentError("INVALID_ARGUMENT", "metadata field fileName names no file");
    }
    if (operation === "create" && isUnfinished(path)) {
      throw new ComponentError(
        "INVALID_ARGUMENT",
        "metadata field fileName is as files that are being written",
      );
    }
    try {
      switch (operation) {
        case "create":
          await this.#files.write(path, fileContents(request.data));
          return answer(encoder.encode(JSON.stringify({ fileName: name })));
        case "get":
          return answer(await this.#read(path));
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

  close(): Promise<void> {
    return this.#files.idle();
  }

  #read(path: string): Promise<Uint8Array> | Uint8Array {
    const small = this.#pace.quick ? this.#pace.measure(() => readSmallNow(path)) : undefined;
    return small ?? readWhole(path);
  }

  async #list(path: string): Promise<readonly string[]> {
    const files = (await filesIn(path)).filter((file) => !isUnfinished(file));
    return files.map((file) => relative(this.#root, file)).sort();
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

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? join(entry.parentPath, entry.name) : []));
}

function answer(data: Uint8Array): BindingResponse {
  return { data, metadata: new Map() };
}
