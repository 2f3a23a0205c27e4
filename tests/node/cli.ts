import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const program = resolve(import.meta.dirname, "../../dist/node/main.js");

/** A folder to run in, with a place of its own where sidecars find each other, so that tests do not meet. */
export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), "dl-"));
  readonly #running: Running[] = [];

  write(name: string, text: string): string {
    const path = join(this.folder, name);
    mkdirSync(resolve(path, ".."), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
    if (!existsSync(program)) throw new Error("the CLI is not built; run `npm run build`");
    const env: Record<string, string | undefined> = { ...process.env, TMPDIR: this.folder, ...environment };
    for (const name of ["XDG_RUNTIME_DIR", "NO_COLOR", "FORCE_COLOR", "NAMESPACE"]) delete env[name];
    const running = new Running(spawn(process.execPath, [program, ...args], { cwd: this.folder, env }));
    this.#running.push(running);
    return running;
  }

  /** Ends what still runs and removes the folder. */
  async close(): Promise<void> {
    for (const running of this.#running) running.child.kill("SIGKILL");
    await Promise.all(this.#running.map(({ ended }) => ended));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class Running {
  out = "";
  err = "";
  /** The exit code, or the signal's name. */
  readonly ended: Promise<number | NodeJS.Signals>;

  constructor(readonly child: ChildProcess) {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
    });
    this.ended = new Promise((done) => child.once("close", (code, signal) => done(code ?? signal ?? -1)));
  }

  /** Waits until the output, of either kind, matches. */
  async says(pattern: RegExp, ms = 10_000): Promise<RegExpExecArray> {
    const end = Date.now() + ms;
    for (;;) {
      const match = pattern.exec(this.out) ?? pattern.exec(this.err);
      if (match !== null) return match;
      if (Date.now() > end || this.child.exitCode !== null) {
        throw new Error(
          `${pattern} was not said (exit code ${this.child.exitCode}):\n${this.out}\n${this.err}`,
        );
      }
      await new Promise((next) => setTimeout(next, 10));
    }
  }
}

/** A port that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

/** The first status that is 204, or the last one seen within the time. */
export async function untilHealthy(port: number, path = "/v1.0/healthz", ms = 10_000): Promise<number> {
  const end = Date.now() + ms;
  for (;;) {
    const status = await fetch(`http://127.0.0.1:${port}${path}`).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 204 || Date.now() > end) return status;
    await new Promise((next) => setTimeout(next, 10));
  }
}

/** Source of an app that listens on APP_PORT and does what the walkthroughs ask of one. */
export const appSource = `
import { createServer } from "node:http";
const { APP_PORT, APP_ID, DAPR_HTTP_PORT } = process.env;
const sidecar = "http://localhost:" + DAPR_HTTP_PORT;
createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  if (request.url === "/dapr/subscribe") return response.end('[{"topic":"A","route":"A"}]');
  if (request.url === "/A") console.log("event " + JSON.stringify(JSON.parse(body).data));
  if (request.url === "/greeting") return response.end("Hello, World!");
  if (request.url === "/environment") return response.end(JSON.stringify({ APP_PORT, APP_ID, DAPR_HTTP_PORT }));
  if (request.url === "/token") return response.end(String(request.headers["dapr-api-token"]));
  if (request.url === "/state") return response.end(String((await fetch(sidecar + "/v1.0/metadata")).status));
  response.end();
}).listen(Number(APP_PORT), "127.0.0.1", () => console.log("the app listens"));
process.on("SIGTERM", async () => {
  // Its sidecar still answers while the app puts its things away.
  const { status } = await fetch(sidecar + "/v1.0/healthz/outbound").catch(() => ({ status: 0 }));
  console.log("bye " + status);
  process.exit(7);
});
process.on("message", () => process.exit(0));
`;

export function componentYaml(name: string, type: string): string {
  return `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${name}\nspec:\n  type: ${type}\n`;
}

/** The JSON of a URL. */
export const json = async (url: string) => (await fetch(url)).json() as Promise<Record<string, never>>;

/** `daprlet run` of the walkthroughs' app, healthy. */
export async function runApp(
  shop: Workshop,
  args: readonly string[] = [],
  environment: Record<string, string> = {},
) {
  const app = shop.write("app.mjs", appSource);
  const [port, appPort] = [await freePort(), await freePort()];
  const running = shop.start(
    ["run", "--app-id", "ps", "--app-port", String(appPort), "--port", String(port), ...args, "node", app],
    environment,
  );
  if ((await untilHealthy(port)) !== 204) throw new Error(`not healthy:\n${running.out}\n${running.err}`);
  return { running, port, appPort, url: `http://localhost:${port}` };
}
