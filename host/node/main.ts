#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { version } from "../version.ts";
import { addFlags, Given, normalise, UsageError } from "./cli/arguments.ts";
import type { Terminal } from "./cli/terminal.ts";

const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

const terminal: Terminal = {
  environment: process.env,
  colour,
  interactive: process.stdin.isTTY === true,
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  onSignal(handler) {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, handler);
  },
  exit: (code) => process.exit(code),
};

/** The exit code. Commands load what they need when they are the one that is asked for. */
async function main(args: readonly string[]): Promise<number> {
  let code = 0;
  const given = new Given();
  const program = new Command("daprlet")
    .description("The Dapr sidecar as a WebAssembly-hosted runtime")
    .version(version, "-v, --version")
    .enablePositionalOptions()
    .exitOverride();
  const run = program
    .command("run")
    .description("run a sidecar, and an app's command beside it")
    .argument("[command...]", "the app's command and its arguments")
    .passThroughOptions()
    .action(async (command: string[]) => {
      code = await (await import("./cli/run.ts")).run(given, command, terminal);
    });
  const daprd = program
    .command("daprd")
    .description("a sidecar alone, with daprd's own switches, for tools that start daprd")
    .action(async () => {
      code = await (await import("./cli/daprd.ts")).daprd(given, terminal);
    });
  addFlags(run, given);
  addFlags(daprd, given);
  const [name, ...rest] = args;
  const normal = name === "run" || name === "daprd" ? [name, ...normalise(rest)] : [...args];
  await program.parseAsync(normal, { from: "user" });
  return code;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (error instanceof CommanderError) process.exit(error.exitCode);
    const message = error instanceof Error ? error.message : String(error);
    terminal.err(`daprlet: ${message}`);
    if (error instanceof UsageError) terminal.err("`daprlet --help` lists the commands and their switches.");
    process.exit(1);
  },
);
