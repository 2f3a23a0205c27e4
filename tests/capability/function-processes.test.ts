import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { PackageSet } from "../../host/capability/package-set.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { testContext } from "../conformance/test-context.ts";
import { inProcess } from "./in-process.ts";

/** A busy machine takes its time. */
const patient = { timeout: 10_000 };

const registration = `
name: hello-world
cmd: hello-world.sh
input-switch: --input
id-switch: --id
input-type: string
runtime: bash
`;
const topics = "topics: [{ pubsub: pubsub, topic: greetings }]\n";

let folder: string;
let runtime: LocalRuntime | undefined;
afterEach(async () => {
  await runtime?.stop(0);
  rmSync(folder, { recursive: true, force: true });
});

async function started(
  script: string,
  more = "",
  grants: Record<string, unknown> = { "hello-world": "all" },
) {
  folder = mkdtempSync(join(tmpdir(), "daprlet-function-"));
  writeFileSync(join(folder, "capability.yaml"), registration + more);
  writeFileSync(join(folder, "hello-world.sh"), script);
  runtime = await createRuntime({
    clock: "system",
    capabilities: { paths: [folder], grants },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  return runtime;
}

const call = async (one: LocalRuntime, body: string) => {
  const response = await one.fetch("/v1.0/functions/hello-world", { method: "POST", body });
  return { status: response.status, text: await response.text() };
};

describe("T60: the book's function of bash", () => {
  it("is called with an id and its input, and what it writes is the answer", async () => {
    const one = await started(
      'echo "$(basename "$0") $# $1 $2 $3 $4"; env | cut -d= -f1 | sort | tr "\\n" " "',
    );
    const { status, text } = await call(one, "a 'b' $(c)");
    const [line = "", names] = text.split("\n");
    expect(status).toBe(200);
    expect(line).toMatch(
      /^hello-world\.sh 4 --id [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} --input a 'b' \$\(c\)$/,
    );
    // Nothing of the sidecar's environment but where programs are.
    expect(names?.trim().split(" ")).toEqual(["PATH", "PWD", "SHLVL", "_"]);
  });

  it("is listed as what nothing confines", async () => {
    const list = async (one: LocalRuntime) => {
      const { capabilities } = (await (await one.fetch("/v1.0/capabilities")).json()) as {
        capabilities: object[];
      };
      return capabilities[0];
    };
    const program = { command: "hello-world.sh", runtime: "bash", confined: false };
    expect(await list(await started("echo"))).toMatchObject({
      programs: [{ ...program, status: "granted" }],
    });
    await runtime?.stop(0);
    expect(await list(await started("echo", "", {}))).toMatchObject({
      programs: [{ ...program, status: "refused" }],
    });
  });

  it("is called with the data of a topic's events", async () => {
    const one = await started('echo "$4 $2" >> "$(dirname "$0")/seen"', topics);
    await expect
      .poll(async () => {
        await one.fetch("/v1.0/publish/pubsub/greetings", { method: "POST", body: "hello" });
        return existsSync(join(folder, "seen"));
      }, patient)
      .toBe(true);
    expect(readFileSync(join(folder, "seen"), "utf8")).toMatch(/^hello [0-9a-f-]{36}\n/);
  });

  it.each([
    ["echo no >&2; exit 3", 500, "hello-world.sh exited with 3: no"],
    ["yes", 502, "it writes more than 1024 bytes"],
  ])("tells of `%s`", async (script, status, cause) => {
    const one = await started(script, "limits: { answer: 1Ki }\n");
    const answer = await call(one, "");
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(cause)]);
  });

  it("is ended at its deadline, with what it started", async () => {
    const one = await started(
      'bash -c \'echo $$ > "$0/pid"; sleep 60\' "$(dirname "$0")" & wait',
      "limits: { timeMs: 300 }\n",
    );
    expect((await call(one, "")).status).toBe(504);
    const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
    await expect
      .poll(() => {
        try {
          // A zombie that nobody waits for has ended, too.
          return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
        } catch {
          return true;
        }
      }, patient)
      .toBe(true);
  });

  it("runs nothing that was not granted", async () => {
    const one = await started("echo", "", {});
    expect(await call(one, "")).toMatchObject({
      status: 503,
      text: expect.stringContaining("was not granted"),
    });
  });

  it("is refused by name in a page", async () => {
    folder = mkdtempSync(join(tmpdir(), "daprlet-function-"));
    const clock = new FakeClock();
    const { platform } = testContext("page", clock);
    const set = new PackageSet({ confinement: inProcess(clock), platform, maxBodySize: 1 << 20 });
    const manifest = { name: "f", cmd: "f.sh", runtime: "bash" };
    await set.update([{ origin: "f", manifest, read: async () => new Uint8Array() }], new Map());
    expect(set.list()[0]).toMatchObject({ cause: "runtime bash is not available in a page" });
  });

  it.each([
    [{ runtime: "python" }, "runtime must be bash"],
    [{ cmd: "../f.sh" }, "cmd must be a file of the package"],
    [{ "input-type": "xml" }, "input-type must be one of"],
    [{ "input-switch": "a b" }, "input-switch must be a switch"],
    [{ shell: "sh" }, "shell is unknown"],
  ])("refuses %o by the field", async (changes, cause) => {
    folder = mkdtempSync(join(tmpdir(), "daprlet-function-"));
    const clock = new FakeClock();
    const { platform } = testContext("page", clock);
    const set = new PackageSet({ confinement: inProcess(clock), platform, maxBodySize: 1 << 20 });
    const manifest = { name: "f", cmd: "f.sh", runtime: "bash", ...changes };
    await set.update([{ origin: "f", manifest, read: async () => new Uint8Array() }], new Map());
    expect(set.list()[0]).toMatchObject({ cause: expect.stringContaining(cause) });
  });
});
