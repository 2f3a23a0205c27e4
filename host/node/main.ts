#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { version } from "../version.ts";
import { addFlags, Given, normalise, UsageError } from "./cli/arguments.ts";
import type { InvokeFlags, PublishFlags } from "./cli/ask.ts";
import type { RelayFlags } from "./cli/relay.ts";
import type { Terminal } from "./cli/terminal.ts";

const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

const terminal: Terminal = {
  pid: process.pid,
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
  program
    .command("publish")
    .description("publish an event through a running sidecar")
    .option("-i, --publish-app-id <id>", "whose sidecar; the only one that runs when left out")
    .option("-p, --pubsub <name>", "the pub/sub; the only one that is loaded when left out")
    .requiredOption("-t, --topic <topic>", "the topic")
    .option("-d, --data <text>", "the event's data")
    .option("--payload <text>", "the same as --data")
    .option("-f, --data-file <file>", "a file with the event's data")
    .option("-m, --metadata <json>", "metadata of the publish request, as a JSON object")
    .action(async (flags: PublishFlags) => {
      code = await (await import("./cli/ask.ts")).publish(flags, terminal);
    });
  program
    .command("invoke")
    .description("invoke a method of a running app")
    .requiredOption("-a, --app-id <id>", "the app")
    .requiredOption("-m, --method <path>", "the method")
    .option("-d, --data <text>", "the body")
    .option("--payload <text>", "the same as --data")
    .option("-f, --data-file <file>", "a file with the body")
    .option("-v, --verb <verb>", "the HTTP verb", "POST")
    .action(async (flags: InvokeFlags) => {
      code = await (await import("./cli/ask.ts")).invoke(flags, terminal);
    });
  program
    .command("list")
    .description("list the running sidecars")
    .option("-o, --output <format>", "table, json or yaml", "table")
    .action(async ({ output }: { output: string }) => {
      code = await (await import("./cli/list.ts")).list(output, terminal);
    });
  program
    .command("stop")
    .description("stop running apps with their sidecars")
    .option("-a, --app-id <id>", "an app; may be repeated", (id: string, ids: string[]) => [...ids, id], [])
    .argument("[ids...]", "apps as well")
    .action(async (ids: string[], { appId }: { appId: string[] }) => {
      code = await (await import("./cli/stop.ts")).stop([...appId, ...ids], terminal);
    });
  program
    .command("relay")
    .description("a relay through which pages and Node join")
    .option("--port <port>", "where it listens", "3499")
    .option("--address <address>", "127.0.0.1; beyond it a token is required")
    .option("--token <token>", "what members must present")
    .option("--allowed-origins <origins>", "origins of pages that may join, beside those of this machine")
    .option("--allowed-hosts <names>", "names beyond localhost under which it may be called")
    .action(async (flags: RelayFlags) => {
      code = await (await import("./cli/relay.ts")).relay(flags, given, terminal);
    });
  program
    .command("init")
    .description("copy the files that a static site needs into a folder")
    .argument("<folder>", "the folder of the site")
    .action(async (folder: string) => {
      const { init, snippet } = await import("./init.ts");
      await init(folder);
      terminal.out(snippet(folder));
    });
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
