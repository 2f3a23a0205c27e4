import { afterEach, expect, it } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { adderPackage, printedPackage } from "./add.ts";

let runtime: LocalRuntime | undefined;
afterEach(() => runtime?.stop(0));

it("T61: add.wat as printed exports nothing and is refused; exported, and called with 2 and 3, it answers 5", async () => {
  runtime = await createRuntime({
    capabilities: { packages: [printedPackage, adderPackage] },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const add = async (name: string) => {
    const response = await (runtime as LocalRuntime).fetch(`/v1.0/capabilities/${name}/add?a=2&b=3`);
    return [response.status, await response.text()];
  };
  expect(await add("printed")).toEqual([500, expect.stringContaining("it exports nothing")]);
  expect(await add("adder")).toEqual([200, "5"]);
});
