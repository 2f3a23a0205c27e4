import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { moduleSections } from "../../capability/module-sections.ts";
import type { HandlerFiles } from "../../gateway/packages/handler-guests.ts";

/** What guests of http-wasm are made of: files by `file://`, relative ones to that folder, and the adapter, which ships. */
export function handlerFiles(
  folder: string,
  shipped: (name: string) => Promise<Uint8Array<ArrayBuffer>>,
): HandlerFiles {
  const make = async () => {
    const bytes = await shipped("http-wasm");
    return { bytes, exports: [...moduleSections(bytes).exports.keys()] };
  };
  let adapter: ReturnType<typeof make> | undefined;
  return {
    // One for all guests: the file has it once.
    adapter: () => (adapter ??= make()),
    async read(url) {
      if (!/^file:\/\//i.test(url))
        throw new Error(
          "a gateway is made of files, so that the same input makes the same bytes: download it, and name it by file://",
        );
      try {
        // As Dapr reads it: nothing is decoded.
        return new Uint8Array(await readFile(resolve(folder, url.slice("file://".length))));
      } catch (error) {
        throw new Error(`the file cannot be read: ${(error as NodeJS.ErrnoException).code}`);
      }
    },
  };
}
