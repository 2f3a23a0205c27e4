/** Output bindings on Node against daprd: the same calls by the same client in one run. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";
import { node } from "../hosts/node.ts";
import { hasWrk, type Load, load, seconds, sides } from "./load.ts";
import { startTarget } from "./start-target.ts";
import { printRows, type Row } from "./table.ts";

const rounds = 2;

function writeResources(folder: string, url: string): string {
  const resources = join(folder, "resources");
  mkdirSync(resources, { recursive: true });
  const component = (name: string, type: string, metadata: Readonly<Record<string, string>>) =>
    writeFileSync(
      join(resources, `${name}.yaml`),
      `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${name}\nspec:\n  type: ${type}\n  version: v1\n  metadata: ${JSON.stringify(
        Object.entries(metadata).map(([key, value]) => ({ name: key, value })),
      )}\n`,
    );
  component("target", "bindings.http", { url });
  component("files", "bindings.localstorage", { rootPath: join(folder, "files") });
  component("durable", "bindings.localstorage", { rootPath: join(folder, "durable"), durable: "true" });
  return resources;
}

const post = (body: unknown): Load => ({ method: "POST", body: JSON.stringify(body) });
const data = { name: "a name", count: 12, list: [1, 2, 3] };
const file = { fileName: "bench" };
const calls: readonly (readonly [what: string, binding: string, how: Load])[] = [
  ["bindings.http, get", "target", post({ operation: "get" })],
  ["bindings.http, create", "target", post({ operation: "create", data })],
  ["bindings.localstorage, create", "files", post({ operation: "create", data, metadata: file })],
  ["bindings.localstorage, create, a file each", "files", post({ operation: "create", data })],
  ["bindings.localstorage, create, durable", "durable", post({ operation: "create", data, metadata: file })],
  ["bindings.localstorage, get", "files", post({ operation: "get", metadata: file })],
];

export default async function bench(): Promise<void> {
  if (node.missing !== undefined) return console.log(`Bindings are left out: ${node.missing}.`);
  if (!(await hasWrk())) return console.log("Bindings are left out: wrk is not installed.");
  if (daprd.missing !== undefined)
    console.log("daprd is not on the PATH: only daprlet's own figures follow.");
  const folder = mkdtempSync(join(tmpdir(), "daprlet-bench-"));
  const measured = new Map<string, Map<string, number>>();
  const sidecars: Daprd[] = [];
  const target = await startTarget();
  try {
    for (const { name, program } of sides) {
      const resources = writeResources(join(folder, name), `http://127.0.0.1:${target.port}/hello`);
      sidecars.push(await startDaprd({ appId: `bench-bindings-${name}`, resources, program }));
    }
    for (let round = 0; round < rounds; round++) {
      for (const [index, { name }] of sides.entries()) {
        const { port } = sidecars[index] as Daprd;
        for (const [what, binding, how] of calls) {
          const rate = await load(port, `/v1.0/bindings/${binding}`, folder, how);
          const row = measured.get(what) ?? new Map<string, number>();
          measured.set(what, row.set(name, Math.max(rate, row.get(name) ?? 0)));
        }
      }
    }
  } finally {
    await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
    target.child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
  const why =
    "a file is written beside and takes its place whole, on the disk where that is asked for, and each name is held against links that lead out of the root; daprd does none of it";
  const rows = [...measured].map(([what, values]): Row => ({ what, unit: "1/s", values, aim: 1, why }));
  const names = sides.map(({ name }) => name);
  printRows(
    `Bindings against daprd (wrk, 16 connections, best of ${rounds} runs of ${seconds} s)`,
    names,
    rows,
  );
}
