import { reasonOf } from "../../errors/reason-of.ts";
import { version } from "../../version.ts";
import { parseArguments, UsageError } from "./arguments.ts";
import { daprd } from "./daprd.ts";
import { run } from "./run.ts";
import type { Terminal } from "./terminal.ts";

const terminal: Terminal = {
  pid: process.pid,
  program: [process.execPath, ...process.execArgv, process.argv[1] as string],
  environment: process.env,
  colour: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  interactive: process.stdin.isTTY === true,
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  onSignal(handler) {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, handler);
  },
  onOrphaned(handler) {
    if (process.connected === false) handler();
    else process.once("disconnect", handler);
  },
  exit: (code) => process.exit(code),
};

/** Answers the exit code. Each command loads what it needs; a sidecar starts without the library of the others. */
async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === "run" || command === "daprd") {
    const parsed = parseArguments(rest);
    if (parsed.given.on("version") || parsed.given.on("build-info")) {
      terminal.out(parsed.given.on("version") ? version : `Version: ${version}\nNode: ${process.version}`);
      return 0;
    }
    if (!parsed.help) {
      if (command === "run" && parsed.given.has("run-file")) {
        return (await import("./run-file.ts")).runFile(parsed.given, parsed.rest, terminal);
      }
      if (command === "run") return run(parsed.given, parsed.rest, terminal);
      if (parsed.rest.length > 0) throw new UsageError(`daprd takes no command: ${parsed.rest[0]}`);
      return daprd(parsed.given, terminal);
    }
  }
  return (await import("./program.ts")).program(args, terminal);
}

/** The command line of this process, which ends with it. */
export function startCommandLine(): void {
  // Whoever read the output may leave first (`daprlet run … | head`): the app runs on.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  main(process.argv.slice(2)).then(
    (code) => process.exit(code),
    (error: unknown) => {
      // The parser's own errors are told already.
      if (error instanceof Error && "exitCode" in error) process.exit(Number(error.exitCode));
      terminal.err(`daprlet: ${reasonOf(error)}`);
      if (error instanceof UsageError)
        terminal.err("`daprlet --help` lists the commands and their switches.");
      process.exit(1);
    },
  );
}
