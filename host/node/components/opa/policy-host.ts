import { readFile } from "node:fs/promises";
import type { PolicyHost } from "../../../components/middleware/opa.ts";

/** Policies in files, or as their source where there is an `opa` on the PATH. What is heavy is loaded with the first one. */
export const nodePolicyHost: PolicyHost = {
  async read(file) {
    try {
      return new Uint8Array(await readFile(file));
    } catch (error) {
      throw new Error(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
    }
  },
  async compile(source, entryPoint) {
    const { compileRego } = await import("./compile-rego.ts");
    return await compileRego(source, entryPoint);
  },
  library: () => import("@open-policy-agent/opa-wasm"),
};
