import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SidecarOptions } from "../../host/node/sidecar-options.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { startTarget, type Target } from "../hosts/target.ts";

let folder: string;
let target: Target;
let sidecar: NodeSidecar;
const said: { level: string; message: string }[] = [];
const say = (level: string) => (message: string) => void said.push({ level, message });
const errors = () => said.filter(({ level }) => level === "error").map(({ message }) => message);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "daprlet-reload-"));
  mkdirSync(join(folder, "r"));
  target = await startTarget();
  said.length = 0;
});
afterEach(async () => {
  await sidecar.stop();
  await target.close();
  rmSync(folder, { recursive: true, force: true });
});

const yaml = (name: string, path: string) =>
  `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${name}\nspec:\n  type: bindings.http\n  metadata:\n    - name: url\n      value: ${target.url}${path}\n`;
const file = (name: string) => join(folder, "r", name);
/** As editors do it: beside it, then in its place. */
const put = (name: string, text: string) => {
  writeFileSync(join(folder, "beside"), text);
  renameSync(join(folder, "beside"), file(name));
};
const start = async (options: Partial<SidecarOptions> = {}) => {
  const log = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
  sidecar = await startSidecar({ appId: "reload", resourcesPaths: [join(folder, "r")], log, ...options });
};
const call = async (name: string) => {
  const answer = await fetch(`${sidecar.url}/v1.0/bindings/${name}`, { method: "POST", body: '{"data":1}' });
  return answer.ok ? ((await answer.json()) as { uri: string }).uri : answer.status;
};

describe("files that change while the sidecar runs", () => {
  it("add, change and take away components; a broken one stays, with one error that says where it is wrong", async () => {
    put("a.yaml", yaml("a", "/1"));
    put("b.yaml", yaml("b", "/1"));
    await start();
    expect([await call("a"), await call("b")]).toEqual(["/1", "/1"]);
    put("a.yaml", yaml("a", "/2"));
    await expect.poll(() => call("a")).toBe("/2");
    put("a.yaml", "kind: Component\nmetadata:\n  name: a\nspec:\n  version: v1\n");
    put("c.yaml", yaml("c", "/3"));
    await expect.poll(() => call("c")).toBe("/3");
    expect([await call("a"), await call("b")]).toEqual(["/2", "/1"]);
    expect(errors()).toEqual([
      expect.stringMatching(/a\.yaml stays as it was: .*a\.yaml, document 1, line 5: spec\.type is required/),
    ]);
    rmSync(file("b.yaml"));
    await expect.poll(() => call("b")).toBe(500);
    put("a.yaml", yaml("a", "not a url").replace(target.url, ""));
    await expect.poll(errors).toHaveLength(2);
    expect(errors()[1]).toMatch(
      /^component a \(.*a\.yaml, document 1\) stays as it was: .*metadata field url/,
    );
    expect(await call("a")).toBe("/2");
    put("a.yaml", yaml("a", "/4"));
    await expect.poll(() => call("a")).toBe("/4");
    expect(errors()).toHaveLength(2);
  });

  it("change nothing when two of them contradict each other", async () => {
    put("a.yaml", yaml("a", "/1"));
    await start();
    put("b.yaml", yaml("a", "/2"));
    await expect.poll(errors).toHaveLength(1);
    expect(errors()[0]).toMatch(/^the resources stay as they were: duplicate definition of Component name a/);
    expect(await call("a")).toBe("/1");
    rmSync(file("b.yaml"));
    put("a.yaml", yaml("a", "/3"));
    await expect.poll(() => call("a")).toBe("/3");
  });

  it("open anew what holds a secret that changed in its file, and nothing else", async () => {
    const secrets = join(folder, "secrets.json");
    const rotate = (path: string) => writeFileSync(secrets, JSON.stringify({ url: `${target.url}${path}` }));
    rotate("/1");
    put(
      "vault.yaml",
      `kind: Component\nmetadata: { name: vault }\nspec: { type: secretstores.local.file, metadata: [{ name: secretsFile, value: ${secrets} }] }\n`,
    );
    put("a.yaml", yaml("a", "").replace(/value: .*/, "secretKeyRef: { name: url, key: url }"));
    put("b.yaml", yaml("b", "/b"));
    await start();
    expect([await call("a"), await call("b")]).toEqual(["/1", "/b"]);
    for (const path of ["/2", "/3"]) {
      // Again and again: the watcher begins when the start is over.
      await expect
        .poll(
          () => {
            rotate(path);
            return call("a");
          },
          { timeout: 5_000, interval: 200 },
        )
        .toBe(path);
    }
    expect(said.filter(({ message }) => /component (b|vault) was/.test(message))).toEqual([]);
    expect(errors()).toEqual([]);
  });

  it("bring in what ignoreErrors left out once it is repaired; what breaks with it later stays as it was", async () => {
    const ignored = (text: string) => text.replace("spec:\n", "spec:\n  ignoreErrors: true\n");
    put("a.yaml", ignored(yaml("a", "not a url").replace(target.url, "")));
    put("b.yaml", yaml("b", "/1"));
    await start();
    expect([await call("a"), await call("b")]).toEqual([500, "/1"]);
    put("a.yaml", ignored(yaml("a", "/2")));
    await expect.poll(() => call("a")).toBe("/2");
    put("b.yaml", ignored(yaml("b", "not a url").replace(target.url, "")));
    await expect.poll(() => errors().at(-1)).toMatch(/^component b .* stays as it was: .*metadata field url/);
    expect(await call("b")).toBe("/1");
  });

  it("are left alone where a Configuration turns HotReload off", async () => {
    put("a.yaml", yaml("a", "/1"));
    const config = join(folder, "config.yaml");
    writeFileSync(
      config,
      "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata:\n  name: c\nspec:\n  features:\n    - name: HotReload\n      enabled: false\n",
    );
    await start({ configPaths: [config] });
    put("a.yaml", yaml("a", "/2"));
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await call("a")).toBe("/1");
    expect(said.filter(({ level }) => level === "warn")).toEqual([]);
  });

  it("bring a pipeline, its middleware's new form, and take it away, without a failed request", async () => {
    const limit = (most: number) =>
      `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: limit\nspec:\n  type: middleware.http.ratelimit\n  metadata:\n    - name: maxRequestsPerSecond\n      value: ${most}\n`;
    const pipeline = (name: string) =>
      `apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata:\n  name: p\nspec:\n  httpPipeline:\n    handlers:\n      - name: ${name}\n        type: middleware.http.ratelimit\n`;
    await start();
    const statuses = new Set<number>();
    let over = false;
    const caller = async () => {
      while (!over) statuses.add((await fetch(`${sidecar.url}/v1.0/healthz`)).status);
    };
    const callers = [caller(), caller(), caller()];
    const told = async () => (await fetch(`${sidecar.url}/v1.0/healthz`)).headers.get("x-rate-limit-limit");
    put("limit.yaml", limit(1_000_000));
    put("pipeline.yaml", pipeline("limit"));
    await expect.poll(told).toBe("1000000.00");
    put("limit.yaml", limit(2_000_000));
    await expect.poll(told).toBe("2000000.00");
    put("pipeline.yaml", pipeline("gone"));
    await expect.poll(errors).toHaveLength(1);
    expect(errors()[0]).toMatch(
      /^the resources stay as they were: httpPipeline names middleware gone \(.*pipeline\.yaml, document 1, line 8\)/,
    );
    expect(await told()).toBe("2000000.00");
    rmSync(file("pipeline.yaml"));
    await expect.poll(told).toBe(null);
    over = true;
    await Promise.all(callers);
    expect([...statuses]).toEqual([204]);
  });
});
