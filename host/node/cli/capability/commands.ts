import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";

/** The commands for authors of capability packages. Each answers its exit code to `done`. */
export function capabilityCommands(program: Command, terminal: Terminal, done: (code: number) => void): void {
  const capability = program.command("capability").description("write, build and test a capability package");
  capability
    .command("build")
    .description("compile packages and write the hashes of their modules")
    .argument("[folders...]", "folders with a capability.json; this one when left out")
    .option("-o, --out <folder>", "where each gets a folder of its name; its own dist/ when left out")
    .action(async (folders: string[], options: { out?: string }) => {
      done(await (await import("./build.ts")).build(folders, options, terminal));
    });
}
