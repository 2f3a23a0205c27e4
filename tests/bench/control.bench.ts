/** What stands around the API, on Node against daprd: each row is one Configuration, under the same call. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";
import { node } from "../hosts/node.ts";
import { hasWrk, load, seconds, sides } from "./load.ts";
import { startTarget } from "./start-target.ts";
import { printRows } from "./table.ts";

const rounds = 3;
/** Seconds. */
const warmingUp = 1;

/** One row: what a sidecar is started with beside its app. */
interface Setting {
  readonly what: string;
  readonly components?: readonly Parameters<typeof componentYaml>[0][];
  /** `spec` of its Configuration. */
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly flags?: readonly string[];
  /** Another sidecar calls, whose app id is {@link caller}. */
  readonly remote?: true;
}

const caller = "bench-caller";
/** Twenty operations, the last of them the one that is called. */
const operations = Array.from({ length: 20 }, (_, i) => ({
  name: i < 19 ? `/area-${i}/**` : "/hello",
  httpVerb: ["*"],
  action: i < 19 ? "deny" : "allow",
}));
const policies = [
  { appId: caller, namespace: "default", trustDomain: "public", defaultAction: "deny", operations },
];

const middleware = (name: string, type: string, metadata = {}) => ({
  name,
  type: `middleware.http.${type}`,
  metadata,
});
const three = [
  middleware("limit", "ratelimit", { maxRequestsPerSecond: "1000000" }),
  middleware("upper", "uppercase"),
  middleware("upper-again", "uppercase"),
];

/** `collector` takes spans and throws them away. */
const settingsWith = (collector: string): readonly Setting[] => [
  { what: "nothing but metrics, which are on where nobody says" },
  { what: "no metrics", flags: ["--enable-metrics=false"] },
  {
    what: "a pipeline of three middlewares",
    components: three,
    spec: { httpPipeline: { handlers: three.map(({ name, type }) => ({ name, type })) } },
  },
  { what: "without access control", remote: true },
  {
    what: "with access control",
    remote: true,
    // daprd knows no caller here: its default decides, ours the last of the operations.
    spec: { accessControl: { defaultAction: "allow", policies } },
  },
  ...["0", "0.01", "1"].map((samplingRate) => ({
    what: `tracing, samplingRate ${samplingRate}`,
    spec: { tracing: { samplingRate, zipkin: { endpointAddress: `${collector}/api/v2/spans` } } },
  })),
];

const body = JSON.stringify({ name: "a name", count: 12, list: [1, 2, 3] });

async function start(
  { components = [], spec = {}, flags = [] }: Setting,
  program: readonly string[],
  folder: string,
  appPort: number,
): Promise<Daprd> {
  const resources = mkdtempSync(join(folder, "resources-"));
  for (const component of components) {
    writeFileSync(join(resources, `${component.name}.yaml`), componentYaml(component));
  }
  const config = join(folder, "config.yaml");
  const head = { apiVersion: "dapr.io/v1alpha1", kind: "Configuration", metadata: { name: "bench" } };
  writeFileSync(config, JSON.stringify({ ...head, spec }));
  const appId = `bench-${Math.random().toString(36).slice(2, 8)}`;
  return await startDaprd({ appId, resources, appPort, program, config, flags });
}

/** The rate of one setting on one side. */
async function rateOf(setting: Setting, program: readonly string[], folder: string, appPort: number) {
  const started: Daprd[] = [];
  try {
    const callee = await start(setting, program, folder, appPort);
    started.push(callee);
    const path = `/v1.0/invoke/${callee.appId}/method/hello`;
    let { port } = callee;
    if (setting.remote) {
      const resources = mkdtempSync(join(folder, "resources-"));
      const other = await startDaprd({ appId: caller, resources, program });
      started.push(other);
      port = other.port;
    }
    const how = { method: "POST", body };
    // What is compiled as it runs is slow at first: a sidecar lives longer than that.
    await load(port, path, folder, { ...how, lasting: warmingUp });
    return await load(port, path, folder, how);
  } finally {
    await Promise.all(started.map((sidecar) => sidecar.stop()));
  }
}

export default async function bench(): Promise<void> {
  if (node.missing !== undefined) return console.log(`control is left out: ${node.missing}.`);
  if (!(await hasWrk())) return console.log("control is left out: wrk is not installed.");
  if (daprd.missing !== undefined) console.log("daprd is not on the PATH: only daprlet's figures follow.");
  const folder = mkdtempSync(join(tmpdir(), "daprlet-bench-"));
  const [target, collector] = await Promise.all([startTarget(), startTarget()]);
  const settings = settingsWith(`http://127.0.0.1:${collector.port}`);
  const rows = settings.map(({ what, remote }) => ({
    what: remote ? `invoke another app, ${what}` : `invoke the own app, with ${what}`,
    unit: "1/s",
    values: new Map<string, number>(),
    aim: 1,
  }));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [i, setting] of settings.entries()) {
        for (const { name, program } of sides) {
          const rate = await rateOf(setting, program, folder, target.port);
          const { values } = rows[i] as (typeof rows)[number];
          values.set(name, Math.max(rate, values.get(name) ?? 0));
        }
      }
    }
  } finally {
    for (const { child } of [target, collector]) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
  printRows(
    `What stands around the API (wrk, 16 connections, best of ${rounds} runs of ${seconds} s, each after ${warmingUp} s of warming up)`,
    sides.map(({ name }) => name),
    rows,
  );
}
