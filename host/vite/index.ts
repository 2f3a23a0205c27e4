import { createReadStream, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Connect, Plugin, ResolvedConfig } from "vite";

export interface DaprletPluginOptions {
  /**
   * With an app id the plugin registers the sidecar before the page's own scripts run; without one the page calls
   * `register()` itself.
   */
  readonly appId?: string;
  /** Further options of `register()`, as data. */
  readonly register?: Readonly<Record<string, unknown>>;
}

/** What a site must serve beside its pages: fixed names, because a worker's address is its identity. */
export const siteFiles: readonly { readonly name: string; readonly type: string }[] = [
  { name: "sw.js", type: "text/javascript" },
  { name: "core.wasm", type: "application/wasm" },
];

/** Where the package keeps its built files: beside this bundle, or in `dist/` when the sources run. */
function packaged(name: string): string {
  const here = import.meta.url;
  return fileURLToPath(new URL(here.includes("/host/vite/") ? `../../dist/${name}` : `./${name}`, here));
}

function serve(config: () => ResolvedConfig): Connect.NextHandleFunction {
  return (request, response, next) => {
    const path = (request.url ?? "").split("?")[0];
    const file = siteFiles.find(({ name }) => path === `${config().base}${name}`);
    if (file === undefined) return next();
    // A worker is compared byte by byte on each update check: a cached one would hide a new build.
    response.setHeader("cache-control", "no-cache");
    response.setHeader("content-type", file.type);
    createReadStream(packaged(file.name)).on("error", next).pipe(response);
  };
}

/**
 * Serves `sw.js` and `core.wasm` in development, emits them in a build, and, given an app id, registers the sidecar
 * in every page before its own scripts.
 */
export default function daprlet(options: DaprletPluginOptions = {}): Plugin {
  let config: ResolvedConfig;
  return {
    name: "daprlet",
    configResolved(resolved) {
      config = resolved;
    },
    configureServer(server) {
      server.middlewares.use(serve(() => config));
    },
    generateBundle() {
      for (const { name } of siteFiles) {
        this.emitFile({ type: "asset", fileName: name, source: readFileSync(packaged(name)) });
      }
    },
    transformIndexHtml: {
      order: "pre",
      handler() {
        if (options.appId === undefined) return [];
        const call = { ...options.register, appId: options.appId, scriptUrl: `${config.base}sw.js` };
        const data = JSON.stringify(call).replaceAll("<", "\\u003c");
        return [
          {
            tag: "script",
            attrs: { type: "module" },
            children: `import { register } from "daprlet";\nawait register(${data});`,
            injectTo: "head-prepend",
          },
        ];
      },
    },
  };
}
