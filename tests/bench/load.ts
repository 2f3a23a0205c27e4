import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { daprd } from "../hosts/daprd.ts";
import { daprletProgram } from "../hosts/node.ts";

const run = promisify(execFile);

/** How long each load lasts. */
export const seconds = 2;

export interface Side {
  readonly name: string;
  readonly program: readonly string[];
}

export const sides: Side[] = [
  { name: "daprlet", program: [process.execPath, daprletProgram, "daprd"] },
  ...(daprd.missing === undefined ? [{ name: "daprd", program: ["daprd"] }] : []),
];

export interface Load {
  readonly method?: string;
  readonly body?: string;
  /** A broker whose queue is full says so; what it accepted is counted. */
  readonly mayRefuse?: boolean;
  /** Seconds; {@link seconds} when left out. */
  readonly lasting?: number;
  /** 16 when left out. */
  readonly connections?: number;
}

/** Successful requests per second over several connections; throws when an answer was no success and must be one. */
export async function load(
  port: number,
  path: string,
  folder: string,
  { method = "GET", body, mayRefuse = false, lasting = seconds, connections = 16 }: Load = {},
): Promise<number> {
  const script = join(folder, "wrk.lua");
  writeFileSync(
    script,
    [
      `wrk.method = ${JSON.stringify(method)}`,
      ...(body === undefined ? [] : [`wrk.body = ${JSON.stringify(body)}`]),
      'wrk.headers["content-type"] = "application/json"',
    ].join("\n"),
  );
  const { stdout } = await run("wrk", [
    ...["-t1", `-c${connections}`, `-d${lasting}s`, "-s", script],
    `http://127.0.0.1:${port}${path}`,
  ]);
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  if (refused === 0) return rate;
  if (!mayRefuse) throw new Error(`${path}: not every answer was a success\n${stdout}`);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  return (rate * (requests - refused)) / requests;
}

/** Whether the machine has what makes the load. */
export async function hasWrk(): Promise<boolean> {
  return await run("wrk", ["--version"]).then(
    () => true,
    (error: { code?: unknown }) => error.code !== "ENOENT",
  );
}
