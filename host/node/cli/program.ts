import { Command } from "commander";
import { version } from "../../version.ts";
import type { InvokeFlags, PublishFlags } from "./ask.ts";
import { capabilityCommands } from "./capability/commands.ts";
import { flags } from "./flags.ts";
import type { GatewayFlags } from "./gateway.ts";
import type { RelayFlags } from "./relay.ts";
import type { StopFlags } from "./stop.ts";
import type { Terminal } from "./terminal.ts";

/** The switches of `run` and `daprd` for the help; {@link parseArguments} reads them. */
function describeFlags(command: Command): Command {
  for (const { names, short, value, summary } of flags) {
    if (summary === "") continue;
    const name = `${short === undefined ? "" : `-${short}, `}--${names[0]}`;
    command.option(value === undefined ? name : `${name} <${value}>`, summary);
  }
  return command.addHelpText(
    "after",
    "\nDapr's other switches are accepted; those without effect yet are named in one warning.",
  );
}

/** The command line but for running `run` and `daprd`, which do without its parser. Answers the exit code. */
export async function program(args: readonly string[], terminal: Terminal): Promise<number> {
  let code = 0;
  const program = new Command("daprlet")
    .description("The Dapr sidecar as a WebAssembly-hosted runtime")
    .version(version, "-v, --version")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    });
  describeFlags(program.command("run"))
    .description("run a sidecar, and an app's command beside it")
    .argument("[command...]", "the app's command and its arguments");
  describeFlags(program.command("daprd")).description(
    "a sidecar alone, with daprd's own switches, for tools that start daprd",
  );
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
    .option("-u, --unix-domain-socket <folder>", "accepted; sidecars are found without it")
    .action(async (flags: PublishFlags) => {
      code = await (await import("./ask.ts")).publish(flags, terminal);
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
    .option("-u, --unix-domain-socket <folder>", "accepted; sidecars are found without it")
    .action(async (flags: InvokeFlags) => {
      code = await (await import("./ask.ts")).invoke(flags, terminal);
    });
  program
    .command("list")
    .description("list the running sidecars")
    .option("-o, --output <format>", "table, json or yaml", "table")
    .action(async ({ output }: { output: string }) => {
      code = await (await import("./list.ts")).list(output, terminal);
    });
  program
    .command("stop")
    .description("stop running apps with their sidecars")
    .option("-a, --app-id <id>", "an app; may be repeated", (id: string, ids: string[]) => [...ids, id], [])
    .option("-f, --run-file <file>", "the apps of a template: a file, or a folder with dapr.yaml")
    .option("-w, --wait", "accepted; it is always waited for their end")
    .option("-t, --timeout <seconds>", "how long", "15")
    .argument("[ids...]", "apps as well")
    .action(async (ids: string[], flags: StopFlags) => {
      code = await (await import("./stop.ts")).stop(ids, flags, terminal);
    });
  program
    .command("relay")
    .description("a relay through which pages and Node join")
    .option("--port <port>", "where it listens", "3499")
    .option("--address <address>", "127.0.0.1; beyond it a token is required")
    .option("--token <token>", "what members must present")
    .option("--allow-cleartext", "listen beyond this machine without TLS")
    .option("--allowed-origins <origins>", "origins of pages that may join, beside those of this machine")
    .option("--allowed-hosts <names>", "names beyond localhost under which it may be called")
    .option("--placement <scheme>", "how actors are placed: ring, as Dapr does, or rendezvous", "ring")
    .action(async (flags: RelayFlags) => {
      code = await (await import("./relay.ts")).relay(flags, terminal);
    });
  const gateway = program
    .command("gateway")
    .description("serve a gateway by wasmtime: a file with its configuration inside, or the configuration")
    .argument("[file]", "a .wasm of `gateway build`, or YAML: a file or a folder", "gateway.yaml")
    .option("--inspect", "print what is inside of a .wasm, and how to run it")
    .option("-p, --port <port>", "where it listens; what the configuration says when left out")
    .option("--address <address>", "the same for the address")
    .action(async (file: string, flags: GatewayFlags) => {
      code = await (await import("./gateway.ts")).gateway(file, flags, terminal);
    });
  gateway
    .command("token")
    .description("make a caller's token, and the digest by which a configuration knows it")
    .action(async () => {
      code = (await import("./gateway.ts")).token(terminal);
    });
  gateway
    .command("build")
    .description("put a gateway and its configuration into one file, which wasmtime runs")
    .argument("<files...>", "YAML: files or folders with a Gateway, and Dapr's resources")
    .requiredOption("-o, --output <file>", "the .wasm to write")
    .action(async (files: string[], { output }: { output: string }) => {
      code = await (await import("./gateway.ts")).build(files, output, terminal);
    });
  program
    .command("init")
    .description("copy the files that a static site needs into a folder")
    .argument("<folder>", "the folder of the site")
    .action(async (folder: string) => {
      const { init, snippet } = await import("../init.ts");
      await init(folder);
      terminal.out(snippet(folder));
    });
  capabilityCommands(program, terminal, (exit) => {
    code = exit;
  });
  await program.parseAsync(args, { from: "user" });
  return code;
}
