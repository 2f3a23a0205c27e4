import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expandEnvironment } from "../../host/node/expand-environment.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";

let folder: string;
let sidecar: NodeSidecar | undefined;
const said: { level: string; message: string }[] = [];
const say = (level: string) => (message: string) => void said.push({ level, message });
const log = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
const saying = (level: string) => said.filter((line) => line.level === level).map(({ message }) => message);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "daprlet-config-"));
  mkdirSync(join(folder, "r"));
  said.length = 0;
});
afterEach(async () => {
  await sidecar?.stop();
  sidecar = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const put = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const configuration = (spec: string) =>
  `apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata:\n  name: c\nspec:\n${spec}`;
const denied = (...names: string[]) =>
  configuration(
    `  secrets:\n    scopes:\n      - {storeName: vault, deniedSecrets: [${names.join(", ")}]}\n`,
  );
const vault =
  "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: vault\nspec:\n  type: secretstores.in-memory\n  metadata:\n    - {name: a, value: 1}\n    - {name: b, value: 2}\n";
const start = async (configPaths: readonly string[], variables: Readonly<Record<string, string>> = {}) => {
  put("r/vault.yaml", vault);
  sidecar = await startSidecar({
    appId: "a",
    resourcesPaths: [join(folder, "r")],
    configPaths,
    environment: (name) => variables[name],
    log,
  });
};
const status = async (secret: string) => (await fetch(`${sidecar?.url}/v1.0/secrets/vault/${secret}`)).status;
const both = async () => [await status("a"), await status("b")];

describe("files of Configurations", () => {
  it.each([
    ["@{A}, @A and @{A}B", "x, x and xB"],
    ["@NONE @{NONE} @A_B", "  "],
    ["@", "@"],
    ["a@ b @% c", "a@ b @% c"],
    ["@{} @{A", " "],
    ["@1 @@ @?x", "  x"],
  ])("have the environment in them, as Go's os.ExpandEnv: %j", (text, expected) => {
    expect(expandEnvironment(text.replaceAll("@", "$"), (name) => (name === "A" ? "x" : undefined))).toBe(
      expected.replaceAll("@", "$"),
    );
  });

  it("are one: the environment is expanded, and the later is above the earlier", async () => {
    const first = put("1.yaml", denied("a"));
    await start([first, put("2.yaml", denied("$WHICH"))], { WHICH: "b" });
    expect(await both()).toEqual([200, 403]);
  });

  it("take effect when they change; a broken one changes nothing, and is named with line and field", async () => {
    const file = put("1.yaml", denied("a"));
    await start([file]);
    expect(await both()).toEqual([403, 200]);
    put("1.yaml", denied("b"));
    await expect.poll(both).toEqual([200, 403]);
    put("1.yaml", configuration("  secrets:\n    scopes: 5\n"));
    await expect.poll(() => saying("error")).toHaveLength(1);
    expect(saying("error")[0]).toMatch(
      /1\.yaml stays as it was: .*line 7: spec\.secrets\.scopes must be a list/,
    );
    expect(await both()).toEqual([200, 403]);
    put("1.yaml", denied());
    await expect.poll(both).toEqual([200, 200]);
  });

  it("say what of them waits for the next start", async () => {
    const file = put("1.yaml", denied());
    await start([file]);
    put("1.yaml", configuration("  features:\n    - {name: HotReload, enabled: false}\n"));
    await expect
      .poll(() => saying("warn"))
      .toEqual([
        "spec.features HotReload changed in a Configuration: restart the sidecar, which reads it when it starts",
      ]);
  });

  it("name fields that Dapr does not know, with their line, and go on", async () => {
    put("r/other.yaml", vault.replace("name: vault", "name: other").replace("  metadata:", "  metdata:"));
    await start([put("1.yaml", configuration("  sekrets: {}\n  wasm: {}\n"))]);
    expect(saying("warn")).toEqual([
      expect.stringMatching(/^resources of kind Configuration are read and not applied yet: c spec\.wasm /),
      expect.stringMatching(
        /other\.yaml, document 1, line 8: spec\.metdata is no field of a Component, and is passed over; it has type, /,
      ),
      expect.stringMatching(/1\.yaml, document 1, line 6: spec\.sekrets is no field of a Configuration, and/),
    ]);
  });
});
