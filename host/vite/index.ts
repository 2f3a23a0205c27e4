import { createReadStream, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Connect, HtmlTagDescriptor, Plugin, ResolvedConfig } from "vite";

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

/** Where a page finds the worker. Under a relative base (`./`) that depends on how deep the page lies. */
function workerAddress(base: string, page: string): string {
  if (base !== "" && base !== "./") return `${base}sw.js`;
  return `${"../".repeat(page.split("/").length - 2) || "./"}sw.js`;
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
 * Serves `sw.js` and `core.wasm` in development, emits them in a build, tells every page where they are, and, given an
 * app id, registers the sidecar there before the page's own scripts.
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
      handler(_, { path }) {
        const content = workerAddress(config.base, path);
        const tags: HtmlTagDescriptor[] = [
          { tag: "meta", attrs: { name: "daprlet-worker", content }, injectTo: "head-prepend" },
        ];
        if (options.appId === undefined) return tags;
        const data = JSON.stringify({ ...options.register, appId: options.appId }).replaceAll("<", "\\u003c");
        tags.push({
          tag: "script",
          attrs: { type: "module" },
          children: `import { register } from "daprlet";\nawait register(${data});`,
          injectTo: "head-prepend",
        });
        return tags;
      },
    },
  };
}
