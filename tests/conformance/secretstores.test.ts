import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { inMemorySecretStore } from "../../host/components/secretstores/in-memory.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { localEnvStore } from "../../host/node/components/secretstores-local-env.ts";
import { localFileStore } from "../../host/node/components/secretstores-local-file.ts";
import { type SecretStoreHost, secretStoreConformance } from "./secretstores.ts";
import { testContext } from "./test-context.ts";

const folder = mkdtempSync(join(tmpdir(), "daprlet-secrets-"));
const secretsFile = join(folder, "secrets.json");
const context = testContext("secrets", new FakeClock());
afterAll(() => rmSync(folder, { recursive: true }));

const openFile = (multiValued: boolean) =>
  localFileStore.open({ secretsFile, nestedSeparator: ":", multiValued }, context);

const hosts: readonly SecretStoreHost[] = [
  {
    name: "secretstores.in-memory",
    missing: "an error",
    bulk: true,
    open: (values) => inMemorySecretStore.open({ values }, context),
  },
  {
    name: "secretstores.local.env",
    missing: "empty",
    bulk: true,
    open: (values) => localEnvStore(() => Object.fromEntries(values)).open({ prefix: "" }, context),
  },
  ...[false, true].map(
    (multiValued): SecretStoreHost => ({
      name: `secretstores.local.file${multiValued ? ", multi-valued" : ""}`,
      missing: "an error",
      bulk: true,
      open(values) {
        writeFileSync(secretsFile, JSON.stringify(Object.fromEntries(values)));
        return openFile(multiValued);
      },
      reopen: () => openFile(multiValued),
    }),
  ),
];

describe.each(hosts)("$name", (host) => {
  for (const { name, run } of secretStoreConformance(host)) it(name, run);
});
