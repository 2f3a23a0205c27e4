import { resolve } from "node:path";
import { runtimeFolder } from "../machine/runtime-folder.ts";
import { runningSidecars } from "../machine/sidecars.ts";
import { shownPath } from "../shown-path.ts";
import { checkFlags, type Given, UsageError } from "./arguments.ts";
import { flags } from "./flags.ts";
import { type RunTemplate, readTemplate, templatePath } from "./run-template.ts";
import { StopRequests } from "./stop-requests.ts";
import { TemplateRun } from "./template-run.ts";
import type { Terminal } from "./terminal.ts";

/** Longer than an app and its sidecar may take to end after they were asked to. */
const GRACE_MS = 20_000;
/** Readable on light and dark. */
const colours = [36, 33, 35, 32, 34, 31];

/** `20261125183000`, as Dapr names its files. */
function stampOf(date: Date): string {
  return date.toISOString().replace(/\D/g, "").slice(0, 14);
}

/** What the command line says, for every app; paths from here, since each runs in a folder of its own. */
function forAll(given: Given): readonly string[] {
  return flags.flatMap(({ names: [name = ""], value = "" }) => {
    if (name === "run-file" || name === "app-id") return [];
    const relative = ["path", "file", "folder"].includes(value);
    const values = relative ? given.paths(name).map((path) => resolve(path)) : given.texts(name);
    return values.map((text) => `--${name}=${text}`);
  });
}

/** Throws when the template runs already: its ports and logs would be in each other's way. */
async function refuseSecond({ path, apps }: RunTemplate, given: string, terminal: Terminal): Promise<void> {
  const running = await runningSidecars(runtimeFolder(terminal.environment));
  const same = running.filter(({ status }) => status.runTemplatePath === path);
  if (same.length > 0) {
    const ids = same.map(({ appId }) => appId).join(", ");
    throw new Error(`${given} runs already (${ids}); stop it with \`daprlet stop -f ${given}\``);
  }
  for (const { appId, status } of running) {
    if (!apps.some((app) => app.appId === appId)) continue;
    terminal.err(`${appId} runs already (pid ${status.pid}): calls of it are shared among both`);
  }
}

/** `daprlet run -f`: the apps of a template, each beside its sidecar. Answers the exit code. */
export async function runFile(given: Given, command: readonly string[], terminal: Terminal): Promise<number> {
  const named = given.text("run-file") ?? "";
  if (command.length > 0) {
    throw new UsageError(`--run-file names the commands of its apps; leave out ${command.join(" ")}`);
  }
  checkFlags(given);
  const template = await readTemplate(templatePath(named));
  for (const remark of template.remarks) terminal.err(`warning: ${remark}`);
  await refuseSecond(template, named, terminal);
  const switches = forAll(given);
  const stamp = stampOf(new Date());
  const stops = new StopRequests(terminal);
  const runs = template.apps.map(
    (app, i) =>
      new TemplateRun({
        app,
        template: template.path,
        switches,
        stamp,
        colour: terminal.colour ? colours[i % colours.length] : undefined,
        terminal,
      }),
  );
  const ids = runs.map(({ appId }) => appId).join(", ");
  terminal.out(
    `${runs.length === 1 ? "one app" : `${runs.length} apps`} of ${shownPath(template.path)}: ${ids}; Ctrl-C stops them`,
  );
  for (const run of runs) run.start();
  return await supervise(runs, stops, terminal);
}

/** Until all have ended. One that ends by itself ends no other; the first that failed decides the exit code. */
async function supervise(
  runs: readonly TemplateRun[],
  stops: StopRequests,
  terminal: Terminal,
): Promise<number> {
  let asked = false;
  let result = 0;
  const endings = runs.map(async (run) => {
    const code = await run.ended;
    if (result === 0) result = code;
    if (asked && code === 0) return;
    const what = run.up ? "ended" : "did not start, and ended";
    terminal.err(`${run.appId} ${what} with exit code ${code}${run.hint}`);
  });
  const all = Promise.all(endings);
  const first = await Promise.race([all.then(() => undefined), stops.first.then((signal) => ({ signal }))]);
  if (first === undefined) return result;
  asked = true;
  const each = (signal: NodeJS.Signals) => {
    for (const run of runs) run.kill(signal);
  };
  stops.again(() => each(first.signal ?? "SIGTERM"));
  each(first.signal ?? "SIGTERM");
  const late = setTimeout(() => each("SIGKILL"), GRACE_MS);
  await all;
  clearTimeout(late);
  return result;
}
