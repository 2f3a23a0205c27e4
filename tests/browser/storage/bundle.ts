import { resolve } from "node:path";
import { build } from "vite";

/** One classic script of a file and all that it imports. */
export async function bundle(file: string): Promise<string> {
  const here = import.meta.dirname;
  const built = await build({
    root: here,
    configFile: false,
    logLevel: "warn",
    resolve: { alias: { vitest: resolve(here, "page-runner.ts") } },
    build: {
      write: false,
      minify: false,
      target: "es2022",
      lib: { entry: resolve(here, file), formats: ["iife"], name: "bundle" },
    },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (output === undefined || !("output" in output)) throw new Error("vite built nothing");
  return output.output[0].code;
}
