import type { Confinement } from "../../host/capability/confinement.ts";
import { openWasm } from "../../host/capability/http-wasm/open-wasm.ts";
import type { KeptFiles } from "../../host/capability/site-package.ts";
import type { MiddlewareDefinition } from "../../host/components/middleware/middleware.ts";
import { wasmMiddleware } from "../../host/components/middleware/wasm.ts";

/**
 * `middleware.http.wasm` in workers that pages lend. Its `url` may be relative to the scope. It is fetched with each start, and what
 * is kept of it does when there is no network.
 */
export function siteWasm(
  scope: string,
  confinement: () => Confinement,
  kept: KeptFiles,
): MiddlewareDefinition {
  const open = openWasm({
    // Pages come after the worker.
    eager: false,
    confinement,
    async read(url, { fetch }) {
      const address = new URL(url, scope);
      if (!/^https?:$/.test(address.protocol))
        throw new Error("a page reads no files: put it on the site, and name it by its address");
      let response: Response;
      try {
        response = await fetch(address.href, { cache: "no-cache" });
      } catch (error) {
        const before = await kept.read(address.href);
        if (before === undefined) throw error;
        return before;
      }
      if (!response.ok) throw new Error(`its server answers ${response.status}`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      await kept.write(address.href, bytes).catch(() => undefined);
      return bytes;
    },
  });
  return wasmMiddleware(() => Promise.resolve(open));
}
