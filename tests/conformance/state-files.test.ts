import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { FakeClock } from "../../host/fake-clock.ts";
import { filesStore } from "../../host/node/components/state-files.ts";
import { storeConformance } from "./state.ts";
import { openWith, testContext } from "./test-context.ts";

const folder = mkdtempSync(join(tmpdir(), "daprlet-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("state.files", () => {
  const clock = new FakeClock();
  let folders = 0;
  const open = () =>
    openWith(filesStore, testContext("audio", clock), { rootPath: join(folder, String(folders)) });
  const cases = storeConformance({
    name: "state.files",
    features: filesStore.features,
    clock,
    open: () => {
      folders++;
      return open();
    },
    reopen: open,
    another: open,
  });
  for (const { name, run } of cases) it(name, run);
});
