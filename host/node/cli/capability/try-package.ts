import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { isDeepStrictEqual } from "node:util";
import { phrases } from "../../../capability/grants.ts";
import type { Needs } from "../../../capability/manifest.ts";
import { readBody } from "../../../http.ts";
import { consoleLog } from "../../../web-platform.ts";
import { packagesIn } from "../../capability/package-folders.ts";
import { startSidecar } from "../../start-sidecar.ts";
import type { Terminal } from "../terminal.ts";
import { buildPackage } from "./build.ts";
import { type ExampleRequest, exampleRequests, requestOf } from "./example-requests.ts";

/** What `GET /v1.0/capabilities` shows, as far as it is told here. */
interface Shown {
  readonly name: string;
  readonly version: string;
  readonly status: "loaded" | "refused";
  readonly cause?: string;
  readonly modules: readonly {
    readonly name: string;
    readonly memory: number;
    readonly imports: readonly string[];
  }[];
  readonly containers?: readonly {
    readonly image: string;
    readonly port: number;
    readonly status: string;
    readonly cause?: string;
  }[];
  readonly programs?: readonly { readonly command: string; readonly runtime: string }[];
  readonly asked: Needs;
  readonly limits: { readonly timeMs: number };
}

/** How often a request that changes nothing is made to say how long it takes. */
const REPEATS = 20;

const ms = (time: number) => `${time.toFixed(time < 10 ? 2 : 0)} ms`;

type Handle = Awaited<ReturnType<typeof startSidecar>>["runtime"]["handle"];

interface Outcome {
  readonly status: number;
  readonly body: Uint8Array;
  readonly took: number;
}

async function made(example: ExampleRequest, name: string, folder: string, handle: Handle): Promise<Outcome> {
  const request = await requestOf(example, name, folder);
  const began = performance.now();
  const response = await handle(request);
  const body = await readBody(response.body);
  return { status: response.status, body, took: performance.now() - began };
}

function wrong({ status = 200, answer }: ExampleRequest, outcome: Outcome): string | undefined {
  const text = new TextDecoder().decode(outcome.body);
  if (outcome.status !== status) return `${outcome.status} instead of ${status}: ${text.slice(0, 300)}`;
  if (answer === undefined) return undefined;
  let found: unknown = text;
  if (typeof answer !== "string") {
    try {
      found = JSON.parse(text);
    } catch {
      return `the answer is no JSON: ${text.slice(0, 300)}`;
    }
  }
  if (isDeepStrictEqual(found, answer)) return undefined;
  return `the answer is ${text.slice(0, 300)}`;
}

/** `daprlet capability test`: builds the package, and makes its requests of it, confined as everywhere. Answers the exit code. */
export async function tryPackage(path: string, terminal: Terminal): Promise<number> {
  const folder = resolve(path);
  const built = await builtIn(folder, terminal);
  const examples = await exampleRequests(folder);
  const source = await packageIn(built);
  const sidecar = await startSidecar({
    appId: "capability-test",
    maxBodySize: 64 << 20,
    capabilities: { packages: [source], grants: { [source.name]: "all" } },
    log: consoleLog("error", "daprlet"),
  });
  try {
    const handle: Handle = (request) => sidecar.runtime.handle(request);
    const { body } = await handle({
      method: "GET",
      path: "/v1.0/capabilities",
      query: "",
      headers: [],
      body: undefined,
    });
    const [shown] = (JSON.parse(new TextDecoder().decode(await readBody(body))) as { capabilities: Shown[] })
      .capabilities;
    if (shown === undefined || shown.status === "refused") {
      terminal.err(`${source.name} is refused: ${shown?.cause}`);
      return 1;
    }
    tell(shown, terminal);
    let failed = 0;
    for (const example of examples) failed += await tried(example, shown, folder, handle, terminal);
    terminal.out(`${examples.length - failed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    await sidecar.stop();
  }
}

/** Where the package is, once it is built; one of the book's manifests has nothing to build. */
async function builtIn(folder: string, terminal: Terminal): Promise<string> {
  const isBook = ["capability.yaml", "capability.yml"].some((name) => existsSync(join(folder, name)));
  if (isBook && !existsSync(join(folder, "capability.json"))) return folder;
  const built = join(folder, "dist");
  for (const line of await buildPackage(folder, built)) terminal.out(line);
  return built;
}

async function packageIn(folder: string) {
  const source = (await packagesIn([folder])).sources[0];
  if (source === undefined) throw new Error(`${folder} holds no package`);
  return { ...source, name: (source.manifest as { readonly name: string }).name };
}

function tell({ modules, containers, programs, asked, limits }: Shown, terminal: Terminal): void {
  for (const { name, memory, imports } of modules) {
    terminal.out(
      `module ${name}: memory up to ${memory >> 10} KiB, imports ${imports.join(", ") || "nothing"}`,
    );
  }
  for (const { image, port, status, cause } of containers ?? []) {
    const how =
      status === "refused" ? `cannot be run: ${cause}` : `started by its first call, listens on ${port}`;
    terminal.out(`container ${image}: ${how}`);
  }
  for (const { command, runtime } of programs ?? [])
    terminal.out(`program ${command}: a process of ${runtime}, confined by nothing`);
  terminal.out(
    `asks to: ${phrases(asked).join("; ") || "compute, and nothing else"}; at most ${limits.timeMs} ms a call`,
  );
}

/** One request, and its time. Answers 1 where it failed. */
async function tried(
  example: ExampleRequest,
  { name }: Shown,
  folder: string,
  handle: Handle,
  terminal: Terminal,
): Promise<number> {
  const first = await made(example, name, folder, handle);
  const cause = wrong(example, first);
  if (cause !== undefined) {
    terminal.err(`✗ ${example.request}: ${cause}`);
    return 1;
  }
  let times = `${first.body.length} bytes in ${ms(first.took)}`;
  if (/^(GET|HEAD) /.test(example.request)) {
    const further: number[] = [];
    for (let i = 0; i < REPEATS; i++) further.push((await made(example, name, folder, handle)).took);
    times += `, then ${ms(further.toSorted((a, b) => a - b)[REPEATS / 2] as number)}`;
  }
  terminal.out(`✓ ${example.request}: ${first.status}, ${times}`);
  return 0;
}
