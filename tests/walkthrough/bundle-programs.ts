import { fileURLToPath } from "node:url";
import { build, type Rolldown } from "vite";

/** `pattern-programs.ts` as one module without imports. */
export async function bundlePrograms(): Promise<string> {
  const output = (await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: false,
      rolldownOptions: {
        input: fileURLToPath(new URL("pattern-programs.ts", import.meta.url)),
        preserveEntrySignatures: "strict",
        output: { format: "es", codeSplitting: false },
      },
    },
  })) as Rolldown.RolldownOutput;
  return output.output[0].code;
}
