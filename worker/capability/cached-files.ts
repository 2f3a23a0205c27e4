import type { KeptFiles } from "../../host/capability/site-package.ts";

/** In the browser's Cache of that name. */
export function cachedFiles(name: string, storage: CacheStorage): KeptFiles {
  return {
    async read(address) {
      const response = await (await storage.open(name)).match(address);
      return response && new Uint8Array(await response.arrayBuffer());
    },
    async write(address, bytes) {
      await (await storage.open(name)).put(address, new Response(bytes));
    },
    async delete(address) {
      await (await storage.open(name)).delete(address);
    },
  };
}
