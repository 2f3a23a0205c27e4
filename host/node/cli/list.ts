import { runtimeFolder } from "../machine/runtime-folder.ts";
import { runningSidecars } from "../machine/sidecars.ts";
import { UsageError } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

function age(startedAt: unknown, now: number): string {
  if (typeof startedAt !== "number") return "";
  const seconds = Math.max(0, Math.round((now - startedAt) / 1000));
  if (seconds < 60) return `${seconds}s`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)}m` : `${Math.floor(seconds / 3600)}h`;
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** Flat records of text and numbers, whose JSON form is YAML's too. */
function yaml(records: readonly Readonly<Record<string, unknown>>[]): string {
  if (records.length === 0) return "[]";
  return records
    .flatMap((record) =>
      Object.entries(record).map(
        ([name, value], i) => `${i === 0 ? "-" : " "} ${name}: ${JSON.stringify(value)}`,
      ),
    )
    .join("\n");
}

/** `daprlet list`: the sidecars of this user on this machine. Answers the exit code. */
export async function list(output: string, terminal: Terminal): Promise<number> {
  const running = await runningSidecars(runtimeFolder(terminal.environment));
  const sidecars = running.map(({ appId, namespace, status }) => ({ appId, namespace, ...status }));
  if (output === "json") terminal.out(JSON.stringify(sidecars, undefined, 2));
  else if (output === "yaml") terminal.out(yaml(sidecars));
  else if (output !== "table") throw new UsageError(`--output is table, json or yaml, not ${output}`);
  else if (sidecars.length === 0) terminal.out("no sidecar is running");
  else {
    const templates = running.some(({ status }) => status.runTemplatePath !== undefined);
    const rows = running.map(({ appId, status }) => [
      appId,
      ...["httpPort", "appPort", "pid", "appPid"].map((name) => String(status[name] ?? "")),
      age(status.startedAt, Date.now()),
      String(status.command ?? ""),
      ...(templates ? [String(status.runTemplatePath ?? "")] : []),
    ]);
    const heads = ["APP ID", "HTTP PORT", "APP PORT", "PID", "APP PID", "AGE", "COMMAND"];
    if (templates) heads.push("RUN FILE");
    for (const line of table([heads, ...rows])) terminal.out(line);
  }
  return 0;
}
