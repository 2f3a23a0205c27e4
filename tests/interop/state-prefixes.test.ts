import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Libsql from "libsql";
import { afterAll, describe, expect, it } from "vitest";
import { componentYaml } from "../hosts/components.ts";
import { daprd, startDaprd } from "../hosts/daprd.ts";
import { daprletProgram } from "../hosts/node.ts";
import { temporaryFolder } from "./launch.ts";

const { folder, remove } = temporaryFolder();
afterAll(remove);

/** Name and value of the field, by the component's name. */
const strategies: Readonly<Record<string, readonly [field: string, value: string]>> = {
  Default: ["other", "x"],
  AppId: ["keyPrefix", "AppID"],
  Named: ["KEYPREFIX", "NAME"],
  Spaced: ["keyprefix", "namespace"],
  None: ["keyPrefix", "None"],
  Text: ["keyPrefix", "Some Text"],
  Empty: ["keyPrefix", ""],
  Padded: ["keyPrefix", " name "],
  Template: ["keyPrefix", "X{appID}"],
  Pipe: ["keyPrefix", "a|b"],
};

/** The key that each component has in its file. */
async function keys(side: string, namespace: string, program?: readonly string[]) {
  const resources = join(folder, `${side}-${namespace}`);
  mkdirSync(resources);
  for (const [name, [field, value]] of Object.entries(strategies)) {
    const metadata = { connectionString: join(resources, `${name}.db`), [field]: value };
    writeFileSync(join(resources, `${name}.yaml`), componentYaml({ name, type: "state.sqlite", metadata }));
  }
  process.env.NAMESPACE = namespace;
  const sidecar = await startDaprd({ appId: "KApp", resources, ...(program && { program }) });
  try {
    const stored: Record<string, unknown> = {};
    for (const name of Object.keys(strategies)) {
      const answer = await sidecar.fetch(`/v1.0/state/${name}`, {
        method: "POST",
        body: '[{"key":"k","value":1}]',
      });
      expect(answer.status).toBe(204);
      const database = new Libsql(join(resources, `${name}.db`));
      stored[name] = database.prepare("SELECT key FROM state").raw().all([]).flat();
      database.close();
    }
    return stored;
  } finally {
    await sidecar.stop();
  }
}

describe.skipIf(daprd.missing !== undefined)("stored keys", () => {
  it.each(["", "Prod"])(
    "are those of daprd, in namespace %j",
    async (namespace) => {
      const theirs = await keys("daprd", namespace);
      const ours = await keys("daprlet", namespace, [process.execPath, daprletProgram, "daprd"]);
      expect(ours).toEqual(theirs);
      expect(ours.Template).toEqual(["xkapp||k"]);
    },
    60_000,
  );
});
