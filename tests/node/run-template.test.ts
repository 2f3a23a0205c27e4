import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTemplate, templatePath } from "../../host/node/cli/run-template.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "daprlet-template-"));
  for (const name of ["shop/.dapr/resources", "shop/own", "bank", "common"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  for (const name of ["shop/.dapr/config.yaml", "bank/config.yaml", "common.yaml"]) {
    writeFileSync(join(folder, name), "");
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (text: string) => {
  const path = join(folder, "dapr.yaml");
  writeFileSync(path, text);
  return readTemplate(path);
};

describe("a template", () => {
  it("merges what is common into each app, whose own fields and variables are stronger", async () => {
    const { apps, remarks } = await read(
      `version: 1
common: {logLevel: debug, appMaxConcurrency: 3, env: {A: 1, B: common}, appLogDestination: file}
apps:
  - {appID: store, appDirPath: shop, appPort: 80, command: [node, app.js, 5], env: {B: own, C: true}}
  - {appDirPath: ./bank/, logLevel: warn, appLogDestination: console, daprdLogDestination: fileAndConsole}
`,
    );
    expect(remarks).toEqual([]);
    const [store, bank] = apps;
    expect(store).toMatchObject({
      appId: "store",
      folder: join(folder, "shop"),
      command: ["node", "app.js", "5"],
      environment: { A: "1", B: "own", C: "true" },
      appLog: "file",
      sidecarLog: "file",
    });
    expect(store?.switches.slice(0, 4)).toEqual([
      "--app-id=store",
      "--app-port=80",
      "--app-max-concurrency=3",
      "--log-level=debug",
    ]);
    expect(bank).toMatchObject({
      appId: "bank",
      command: [],
      environment: { A: "1", B: "common" },
      appLog: "console",
      sidecarLog: "fileAndConsole",
    });
    expect(bank?.switches).toContain("--log-level=warn");
  });

  it("takes an app's paths before its folder's .dapr, and that before the common ones", async () => {
    const files = async (own: string, app = "shop") => {
      const common = "common: {resourcesPaths: [common], configFilePath: common.yaml}";
      const { apps } = await read(`version: 1\n${common}\napps:\n  - {appDirPath: ${app}, ${own}}\n`);
      const paths = apps[0]?.switches.filter((word) => /^--(?:resources-path|config)=/.test(word));
      return paths?.map((word) => word.replace(`${folder}/`, ""));
    };
    expect(await files("resourcesPaths: [own, ../common], configFilePath: ../common.yaml")).toEqual([
      "--resources-path=shop/own",
      "--resources-path=common",
      "--config=common.yaml",
    ]);
    expect(await files("resourcesPath: own")).toEqual([
      "--resources-path=shop/own",
      "--config=shop/.dapr/config.yaml",
    ]);
    expect(await files("appPort: 1")).toEqual([
      "--resources-path=shop/.dapr/resources",
      "--config=shop/.dapr/config.yaml",
    ]);
    expect(await files("appPort: 1", "bank")).toEqual(["--resources-path=common", "--config=common.yaml"]);
  });

  it("names fields that it does not know, and goes on", async () => {
    const { remarks } = await read(
      "version: 1\ncommon: {appPort: 1}\napps:\n  - appDirPath: bank\n    daprHttpPrt: 1\n    containerImage: x\n",
    );
    expect(remarks.map((remark) => remark.replace(/^.*document 1, /, ""))).toEqual([
      "line 2: common.appPort is no field of a template, and is passed over",
      "line 5: apps.0.daprHttpPrt is no field of a template, and is passed over",
    ]);
  });

  it.each([
    ["", /version must be 1/],
    ["- a", /line 1: .*expected a mapping/],
    ["version: 2\napps: [{appDirPath: bank}]", /line 1: version must be 1/],
    ["version: 1\napps: []", /line 2: apps must be a list of apps/],
    ["version: 1\napps:\n  - appID: a", /line 3: apps\.0\.appDirPath is required/],
    [
      "version: 1\napps:\n  - appDirPath: nowhere",
      /line 3: apps\.0\.appDirPath names .*nowhere, which does not exist/,
    ],
    [
      "version: 1\napps:\n  - appDirPath: bank\n    command: node app.js",
      /line 4: apps\.0\.command must be a list/,
    ],
    ["version: 1\napps:\n  - appDirPath: bank\n    env: [a]", /line 4: apps\.0\.env must be a mapping/],
    ["version: 1\napps:\n  - appDirPath: bank\n    appPort: {}", /line 4: apps\.0\.appPort must be text/],
    [
      "version: 1\napps:\n  - {appDirPath: bank, resourcesPaths: [x]}",
      /apps\.0\.resourcesPaths names .*bank\/x/,
    ],
    [
      "version: 1\napps:\n  - {appDirPath: bank, appLogDestination: disk}",
      /must be console, file or fileAndConsole, not disk/,
    ],
    [
      "version: 1\napps: [{appDirPath: bank}, {appDirPath: shop, appID: bank}]",
      /apps\.1\.appID repeats bank/,
    ],
    ["version: 1\napps: [", /line \d+: not valid YAML/],
  ])("is refused by file, line and field: %j", async (text, expected) => {
    await expect(read(text)).rejects.toThrow(expected);
  });

  it("is found by its folder, too", () => {
    expect(templatePath(folder)).toBe(join(folder, "dapr.yaml"));
    expect(() => templatePath(join(folder, "bank"))).toThrow(/there is no dapr\.yaml in it/);
    expect(() => templatePath(join(folder, "none.yaml"))).toThrow(/there is no such file/);
  });
});
