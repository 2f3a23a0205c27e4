/** The book's walkthroughs of functions (chapter 7), against the program on this machine, which is killed in between. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tallyPackage } from "../capability/tally-package.ts";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, startDaprd } from "../hosts/daprd.ts";
import { daprletProgram } from "../hosts/node.ts";

const folder = mkdtempSync(join(tmpdir(), "daprlet-book-functions-"));
const resources = join(folder, "resources");
const patient = { timeout: 15_000 };
let sidecar: Daprd;

beforeAll(async () => {
  mkdirSync(resources);
  const component = (name: string, type: string, metadata: Record<string, string>) =>
    writeFileSync(join(resources, `${name}.yaml`), componentYaml({ name, type, metadata }));
  component("statestore", "state.sqlite", { connectionString: join(folder, "state.db") });
  component("pubsub", "pubsub.in-memory", {});
  component("tick", "bindings.cron", { schedule: "@every 1s" });
  const packages = join(folder, "packages");
  const tally = join(packages, "tally");
  mkdirSync(tally, { recursive: true });
  const { manifest, read } = await tallyPackage();
  writeFileSync(join(tally, "capability.json"), JSON.stringify(manifest));
  writeFileSync(join(tally, "main.wasm"), await read("main.wasm"));
  const hello = join(packages, "hello-world");
  mkdirSync(hello);
  const switches = "input-switch: --input\nid-switch: --id\ninput-type: text\n";
  const topics = "topics: [{ pubsub: pubsub, topic: greetings }]\n";
  writeFileSync(
    join(hello, "capability.yaml"),
    `name: hello-world\ncmd: hello-world.sh\n${switches}runtime: bash\n${topics}`,
  );
  writeFileSync(join(hello, "hello-world.sh"), 'echo "$4" >> greeted; echo "Hello, $4 ($1 $2, $3)"\n');
  writeFileSync(join(packages, "grants.yaml"), "tally: all\nhello-world: all\n");
  sidecar = await startDaprd({
    appId: "book",
    resources,
    program: [process.execPath, daprletProgram, "daprd"],
    flags: ["--capabilities-path", packages],
  });
  // Its compiler takes its time.
}, 60_000);
afterAll(async () => {
  await sidecar?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const post = (path: string, value: unknown) =>
  fetch(`http://localhost:${sidecar.port}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(value),
  });
const invoke = async (path: string, value: unknown) => {
  const answer = await post(`/v1.0/functions/${path}`, value);
  return [answer.status, await answer.text()];
};
const counted = async (what: string) =>
  Number(await (await fetch(`http://localhost:${sidecar.port}/v1.0/state/statestore/${what}`)).text());

it("T60: a function is called by HTTP, a topic, a binding and a timer, and keeps its state between calls, also when all is killed", async () => {
  for (const times of ["1", "2", "3"]) expect(await invoke("count", {})).toEqual([200, times]);
  await expect.poll(() => counted("binding"), patient).toBeGreaterThan(1);
  await expect.poll(() => counted("timer"), patient).toBeGreaterThan(1);
  const published = async () => {
    await post("/v1.0/publish/pubsub/counted", { n: 1 });
    return await counted("event");
  };
  await expect.poll(published, patient).toBeGreaterThan(1);
  const before = await counted("timer");
  await sidecar.restart();
  expect(await invoke("count", {})).toEqual([200, "4"]);
  await expect.poll(() => counted("timer"), patient).toBeGreaterThan(before);
});

it("T60: a function with prerequisites is called once they are there, once, with the sidecar killed after each", async () => {
  expect(await invoke("bill?input=hotel", { trip: 7 })).toEqual([202, '{"waitsFor":["flight","car"]}']);
  await sidecar.restart();
  await expect
    .poll(async () => {
      await post("/v1.0/publish/pubsub/flights", { trip: 7 });
      return (await invoke("bill?input=hotel", { trip: 7 }))[1];
    }, patient)
    .toBe('{"waitsFor":["car"]}');
  expect(await counted("join")).toBe(0);
  await sidecar.restart();
  expect(await invoke("bill?input=car", { trip: 7 })).toEqual([200, "1"]);
  await sidecar.restart();
  for (const input of ["car", "hotel", "flight"])
    expect(await invoke(`bill?input=${input}`, { trip: 7 })).toEqual([202, '{"waitsFor":[]}']);
  expect(await counted("join")).toBe(1);
});

it("T60: the book's program of bash is called by HTTP and by a topic", async () => {
  const [status, text] = await invoke("hello-world", "you");
  expect([status, text]).toEqual([
    200,
    expect.stringMatching(/^Hello, "you" \(--id [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}, --input\)\n$/),
  ]);
  const greeted = join(folder, "packages/hello-world/greeted");
  rmSync(greeted);
  await expect
    .poll(async () => {
      await post("/v1.0/publish/pubsub/greetings", "all");
      return existsSync(greeted) && readFileSync(greeted, "utf8").includes("all");
    }, patient)
    .toBe(true);
});
