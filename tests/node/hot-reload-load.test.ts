import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { startTarget, type Target } from "../hosts/target.ts";

let folder: string;
let target: Target;
let sidecar: NodeSidecar;
const errors: string[] = [];
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: (message: string) => void errors.push(message) };

const resource = (kind: string, name: string, spec: string, version = "v1alpha1") =>
  `apiVersion: dapr.io/${version}\nkind: ${kind}\nmetadata:\n  name: ${name}\nspec:\n${spec}\n`;
const binding = (path: string) =>
  resource(
    "Component",
    "out",
    `  type: bindings.http\n  metadata:\n    - {name: url, value: "${target.url}${path}"}`,
  );
const endpoint = (path: string) => resource("HTTPEndpoint", "outside", `  baseUrl: ${target.url}${path}`);
const subscription = (path: string) =>
  resource("Subscription", "sub", `  pubsubname: bus\n  topic: t\n  routes: {default: ${path}}`, "v2alpha1");
const resiliency = (retries: string) =>
  resource(
    "Resiliency",
    "r",
    `  policies:\n    retries:\n      often: {policy: constant, duration: 10ms, maxRetries: ${retries}}\n  targets:\n    apps:\n      load: {retry: often}`,
  );
const configuration = (handlers: string) =>
  resource("Configuration", "c", `  appHttpPipeline:\n    handlers: ${handlers}`);

/** In steps, as an editor that does not write beside the file and rename. */
const put = async (name: string, text: string) => {
  const file = join(folder, name);
  writeFileSync(file, "");
  await new Promise((resolve) => setTimeout(resolve, 10));
  const half = Math.floor(text.length / 2);
  appendFileSync(file, text.slice(0, half));
  await new Promise((resolve) => setTimeout(resolve, 20));
  appendFileSync(file, text.slice(half));
};

const delivered = new Map<string, string>();
let refuse = 0;
const app = async (request: Request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/dapr/subscribe") return Response.json([]);
  if (pathname.startsWith("/events/")) {
    // The middleware of one edit sends them in capitals.
    const { data } = JSON.parse((await request.text()).toLowerCase()) as { data: string };
    delivered.set(data, pathname);
    return new Response();
  }
  if (pathname === "/fails" && refuse-- > 0) return new Response("no", { status: 503 });
  return new Response(await request.text());
};

/** Calls of everything, one after the other, until it is stopped; what failed. */
class Load {
  readonly published: string[] = [];
  readonly failed: string[] = [];
  calls = 0;
  readonly #of: string;
  #on = true;
  readonly #running: Promise<unknown>;

  constructor(of: string, lanes: number) {
    this.#of = of.toLowerCase();
    this.#running = Promise.all(Array.from({ length: lanes }, (_, lane) => this.#run(lane)));
  }

  async #run(lane: number): Promise<void> {
    for (let n = 0; this.#on; n++) {
      const mark = `${this.#of}-${lane}-${n}`;
      this.published.push(mark);
      await this.#call("publish/bus/t", JSON.stringify(mark));
      await this.#call("state/store", `[{"key":"${lane}","value":${n}}]`);
      await this.#call(`state/store/${lane}`);
      await this.#call("bindings/out", '{"data":1,"operation":"create"}');
      await this.#call("invoke/outside/method/x");
      await this.#call("invoke/load/method/echo", "abc");
    }
  }

  async #call(path: string, body?: string): Promise<void> {
    const init =
      body === undefined ? {} : { method: "POST", body, headers: { "content-type": "application/json" } };
    const answer = await fetch(`${sidecar.url}/v1.0/${path}`, init);
    const text = await answer.text();
    this.calls++;
    if (!answer.ok) this.failed.push(`${path}: ${answer.status} ${text}`);
  }

  async stop(): Promise<void> {
    this.#on = false;
    await this.#running;
  }
}

const text = async (path: string, body?: string) => {
  const init =
    body === undefined ? {} : { method: "POST", body, headers: { "content-type": "application/json" } };
  return (await fetch(`${sidecar.url}/v1.0/${path}`, init)).text();
};
let probes = 0;
const route = async () => {
  const mark = `probe-${probes++}`;
  await text("publish/bus/t", JSON.stringify(mark));
  await expect.poll(() => delivered.has(mark)).toBe(true);
  return delivered.get(mark);
};
const retried = async () => {
  refuse = 2;
  return text("invoke/load/method/fails", "taken");
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "daprlet-load-"));
  mkdirSync(join(folder, "r"));
  target = await startTarget();
  writeFileSync(
    join(folder, "r/base.yaml"),
    [
      resource("Component", "bus", "  type: pubsub.in-memory"),
      resource("Component", "store", "  type: state.in-memory"),
      resource("Component", "up", "  type: middleware.http.uppercase"),
    ].join("---\n"),
  );
  writeFileSync(join(folder, "r/binding.yaml"), binding("/1"));
  writeFileSync(join(folder, "r/endpoint.yaml"), endpoint("/1"));
  writeFileSync(join(folder, "r/subscription.yaml"), subscription("/events/1"));
  writeFileSync(join(folder, "r/resiliency.yaml"), resiliency("0"));
  writeFileSync(join(folder, "config.yaml"), configuration("[]"));
  sidecar = await startSidecar({
    appId: "load",
    app,
    resourcesPaths: [join(folder, "r")],
    configPaths: [join(folder, "config.yaml")],
    log,
  });
});
afterAll(async () => {
  await sidecar.stop();
  await target.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Kind {
  readonly kind: string;
  readonly file: string;
  readonly changed: () => string;
  /** What shows which of both is in use, and what it shows then. */
  readonly shows: () => Promise<unknown>;
  readonly before: unknown;
  readonly after: unknown;
  readonly broken: () => string;
  readonly fault: RegExp;
}

const uri = async (path: string, body?: string) => JSON.parse(await text(path, body)).uri as string;
const kinds: readonly Kind[] = [
  {
    kind: "Component",
    file: "r/binding.yaml",
    changed: () => binding("/2"),
    shows: () => uri("bindings/out", '{"data":1,"operation":"create"}'),
    before: "/1",
    after: "/2",
    broken: () => binding("/3").replace("type: bindings.http", "type: []"),
    fault: /binding\.yaml stays as it was: .*binding\.yaml, document 1, line 6: spec\.type must be text/,
  },
  {
    kind: "HTTPEndpoint",
    file: "r/endpoint.yaml",
    changed: () => endpoint("/2"),
    shows: () => uri("invoke/outside/method/x"),
    before: "/1/x",
    after: "/2/x",
    broken: () => endpoint("?"),
    fault: /endpoint\.yaml stays as it was: .*endpoint\.yaml, document 1, line 6: spec\.baseUrl must be http/,
  },
  {
    kind: "Subscription",
    file: "r/subscription.yaml",
    changed: () => subscription("/events/2"),
    shows: route,
    before: "/events/1",
    after: "/events/2",
    broken: () => subscription("/events/3").replace("topic: t", "topic: {}"),
    fault:
      /subscription\.yaml stays as it was: .*subscription\.yaml, document 1, line 7: spec\.topic must be text/,
  },
  {
    kind: "Resiliency",
    file: "r/resiliency.yaml",
    changed: () => resiliency("5"),
    shows: retried,
    before: "no",
    after: "taken",
    broken: () => resiliency("many"),
    fault:
      /resiliency\.yaml stays as it was: .*resiliency\.yaml, document 1, line 8: spec\.policies\.retries\.often\.maxRetries/,
  },
  {
    kind: "Configuration",
    file: "config.yaml",
    changed: () => configuration("[{name: up, type: middleware.http.uppercase}]"),
    shows: () => text("invoke/load/method/echo", "abc"),
    before: "abc",
    after: "ABC",
    broken: () => configuration("5"),
    fault:
      /config\.yaml stays as it was: .*config\.yaml, document 1, line 7: spec\.appHttpPipeline\.handlers must be a list/,
  },
];

describe("an edit under load", () => {
  it.each(kinds)("of a $kind fails no request, and a broken one changes nothing", async (row) => {
    errors.length = 0;
    const load = new Load(row.kind, 3);
    try {
      expect(await row.shows()).toBe(row.before);
      await put(row.file, row.changed());
      await expect.poll(row.shows, { timeout: 10_000 }).toBe(row.after);
      // A busy machine may leave a file half written for so long that it is told of.
      for (const error of errors) expect(error).toMatch(/stays as it was: /);
      await put(row.file, row.broken());
      await expect.poll(() => errors.at(-1), { timeout: 10_000 }).toMatch(row.fault);
      expect(await row.shows()).toBe(row.after);
      errors.length = 0;
      writeFileSync(join(folder, row.file), "");
      const empty = /stays as it was: it is empty; remove the file to take its resources away/;
      await expect.poll(() => errors, { timeout: 10_000 }).toEqual([expect.stringMatching(empty)]);
      expect(await row.shows()).toBe(row.after);
    } finally {
      await load.stop();
    }
    expect(load.failed).toEqual([]);
    expect(load.calls).toBeGreaterThan(20);
    const lost = () => load.published.filter((mark) => !delivered.has(mark));
    await expect.poll(lost, { timeout: 10_000 }).toEqual([]);
  });
});
