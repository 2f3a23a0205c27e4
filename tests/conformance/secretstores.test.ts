import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import { daprSecretStore } from "../../host/components/secretstores/dapr.ts";
import { inMemorySecretStore } from "../../host/components/secretstores/in-memory.ts";
import type { SecretStore } from "../../host/components/secretstores/secret-store.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { localEnvStore } from "../../host/node/components/secretstores-local-env.ts";
import { localFileStore } from "../../host/node/components/secretstores-local-file.ts";
import { startSidecar } from "../../host/node/start-sidecar.ts";
import { type SecretStoreHost, secretStoreConformance } from "./secretstores.ts";
import { testContext } from "./test-context.ts";

const folder = mkdtempSync(join(tmpdir(), "daprlet-secrets-"));
const secretsFile = join(folder, "secrets.json");
const context = testContext("secrets", new FakeClock());
afterAll(() => rmSync(folder, { recursive: true }));

const openFile = (multiValued: boolean) =>
  localFileStore.open({ secretsFile, nestedSeparator: ":", multiValued }, context);

/** The secrets of a sidecar beside this one; each opening starts another. */
async function openRemote(values: ReadonlyMap<string, string>): Promise<SecretStore> {
  writeFileSync(secretsFile, JSON.stringify(Object.fromEntries(values)));
  const sidecar = await startSidecar({
    appId: "remote",
    components: [{ name: "secrets", type: "secretstores.local.file", metadata: { secretsFile } }],
    logLevel: "error",
  });
  const metadata = decodeMetadata(
    "secrets",
    daprSecretStore.metadata,
    new Map([["url", sidecar.url]]),
    () => undefined,
  );
  const store = await daprSecretStore.open(metadata, context);
  return {
    get: (name, metadata) => store.get(name, metadata),
    bulkGet: (metadata) => store.bulkGet(metadata),
    async close() {
      await store.close();
      await sidecar.stop();
    },
  };
}

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
  { name: "secretstores.dapr", missing: "an error", bulk: true, open: openRemote },
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
