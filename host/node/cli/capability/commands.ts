import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";

/** The commands for authors of capability packages. Each answers its exit code to `done`. */
export function capabilityCommands(program: Command, terminal: Terminal, done: (code: number) => void): void {
  const capability = program.command("capability").description("write, build and test a capability package");
  capability
    .command("build")
    .description("compile packages and write the hashes of their modules, or compile apps")
    .argument(
      "[folders...]",
      "folders with a capability.json, or an app's .ts or .wasm; this one when left out",
    )
    .option("-o, --out <folder>", "where each gets a folder of its name; its own dist/ when left out")
    .action(async (folders: string[], options: { out?: string }) => {
      done(await (await import("./build.ts")).build(folders, options, terminal));
    });
  capability
    .command("new")
    .description("a package that greets, to begin one's own with, in AssemblyScript")
    .argument("<folder>", "a new folder; its name is the package's")
    .action(async (folder: string) => {
      done(await (await import("./create.ts")).create(folder, terminal));
    });
  capability
    .command("test")
    .description(
      "build a package, and make the requests of its requests.json of it, confined as in a sidecar",
    )
    .argument("[folder]", "its folder", ".")
    .action(async (folder: string) => {
      done(await (await import("./try-package.ts")).tryPackage(folder, terminal));
    });
  capability
    .command("pack")
    .description("build a package, check that it would be let in, and put it into one file")
    .argument("[folder]", "its folder", ".")
    .action(async (folder: string) => {
      done(await (await import("./pack.ts")).pack(folder, terminal));
    });
}
