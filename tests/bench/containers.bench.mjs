// What a package in a container costs, by each engine that answers: its first call, and a call beside one that goes to its port directly.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { performance } from "node:perf_hooks";
import { createRuntime } from "../../dist/node/index.js";

const starts = 9;
const calls = 1_000;
const image = `localhost/daprlet-bench/server:${process.pid}`;
const post = { method: "POST", body: "hello" };
const openapi = {
  openapi: "3.1.0",
  info: { title: "echo", version: "1" },
  paths: { "/echo": { post: { operationId: "echo", requestBody: { content: { "*/*": {} } } } } },
};

const timed = async (work) => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];

const answered = async (response) => {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
};

/** Its image, and a PATH on which the engine is the only one. */
function prepared(engine, folder) {
  const source = new URL("../capability/container-server/", import.meta.url).pathname;
  const env = { ...process.env, CGO_ENABLED: "0" };
  const built = join(folder, "image");
  mkdirSync(built);
  execFileSync("go", ["build", "-ldflags=-s -w", "-o", join(built, "server"), "."], { cwd: source, env });
  cpSync(join(source, "Dockerfile"), join(built, "Dockerfile"));
  execFileSync(engine, ["build", "--quiet", "--tag", image, built], { stdio: "ignore" });
  const bin = join(folder, "bin");
  mkdirSync(bin);
  symlinkSync(
    execFileSync("sh", ["-c", `command -v ${engine}`], { encoding: "utf8" }).trim(),
    join(bin, engine),
  );
  return [bin, "/usr/sbin", "/sbin"].join(delimiter);
}

async function measured(engine, folder) {
  const offer = `  - Container: { image: "${image}", port: 5000 }`;
  const manifest = `name: echo\nlimits: { timeMs: 60000 }\noffers:\n${offer}\n`;
  mkdirSync(join(folder, "echo"));
  writeFileSync(join(folder, "echo/openapi.json"), JSON.stringify(openapi));
  writeFileSync(join(folder, "echo/capability.yaml"), manifest);
  const opened = () =>
    createRuntime({
      clock: "system",
      capabilities: { paths: [join(folder, "echo")], grants: { echo: "all" } },
      log: { debug() {}, info() {}, warn: console.warn, error: console.error },
    });
  const call = async (runtime) => await answered(await runtime.fetch("/v1/capabilities/echo", post));
  const run = [];
  const first = [];
  for (let i = 0; i < starts; i++) {
    run.push(await timed(() => execFileSync(engine, ["run", "--rm", image, "once"])));
    const runtime = await opened();
    first.push(await timed(() => call(runtime)));
    await runtime.stop(0);
  }
  const runtime = await opened();
  await call(runtime);
  const ask = (...args) => execFileSync(engine, args, { encoding: "utf8" }).trim();
  const name = ask("ps", "--filter", `ancestor=${image}`, "--format", "{{.Names}}");
  const url = `http://${ask("port", name, "5000/tcp")}/echo`;
  const direct = [];
  const through = [];
  for (let i = -calls / 5; i < calls; i++) {
    const straight = await timed(async () => await answered(await fetch(url, post)));
    const called = await timed(() => call(runtime));
    if (i < 0) continue;
    direct.push(straight);
    through.push(called);
  }
  await runtime.stop(0);
  return [run, first, direct, through].map((times) => median(times).toFixed(2));
}

for (const [engine, question] of [
  ["docker", "version"],
  ["podman", "info"],
]) {
  if (spawnSync(engine, [question], { stdio: "ignore" }).status !== 0) {
    console.log(`${engine} is left out: it does not answer.`);
    continue;
  }
  const path = process.env.PATH;
  const folder = mkdtempSync(join(tmpdir(), "daprlet-bench-"));
  try {
    process.env.PATH = prepared(engine, folder);
    const [run, first, direct, through] = await measured(join(folder, "bin", engine), folder);
    console.log(
      `${engine}: first call ${first} ms, where the engine itself runs and removes a program that ends at once in ${run} ms; a call ${through} ms, one to its port ${direct} ms (p50)`,
    );
  } finally {
    process.env.PATH = path;
    spawnSync(engine, ["rmi", "--force", image], { stdio: "ignore" });
    rmSync(folder, { recursive: true, force: true });
  }
}
