import "fake-indexeddb/auto";
import { describe, expect, it } from "vitest";
import { ComponentError } from "../../host/errors/component-error.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { secretStoreConformance } from "../../tests/conformance/secretstores.ts";
import { testContext } from "../../tests/conformance/test-context.ts";
import { databaseName } from "../storage/database-names.ts";
import { vaultSecretStore } from "./secretstores-vault.ts";
import { Vault } from "./vault.ts";

const databasePrefix = "daprlet:/:";
const clock = new FakeClock();
const definition = vaultSecretStore({ databasePrefix, incarnation: undefined });
const none: ReadonlyMap<string, string> = new Map();
let count = 0;

const context = () => testContext(`vault-${count}`, clock);
const nameOf = () => databaseName(databasePrefix, "secretstores", `vault-${count}`);
const openVault = () => new Vault(nameOf(), clock, context().log, context().platform.random).open();
const open = (allowBulk: boolean) => definition.open({ allowBulk }, context());

async function fill(secrets: ReadonlyMap<string, string>): Promise<void> {
  count++;
  const vault = await openVault();
  for (const [name, value] of secrets) await vault.put(name, new Map([[name, value]]));
  vault.close();
}

/** All that the database holds, as a thief of the profile has it. */
async function stored(): Promise<unknown[]> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(nameOf());
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const transaction = database.transaction(["keys", "secrets"]);
  const all = ["keys", "secrets"].map(
    (name) =>
      new Promise<unknown[]>((resolve) => {
        const request = transaction.objectStore(name).getAll();
        request.onsuccess = () => resolve(request.result);
      }),
  );
  const found = (await Promise.all(all)).flat();
  database.close();
  return found;
}

describe.each([true, false])("secretstores.vault, allowBulk %s", (allowBulk) => {
  const cases = secretStoreConformance({
    name: "secretstores.vault",
    missing: "an error",
    bulk: allowBulk,
    async open(secrets) {
      await fill(secrets);
      return await open(allowBulk);
    },
    reopen: () => open(allowBulk),
  });
  for (const { name, run } of cases) it(name, run);
});

describe("secretstores.vault", () => {
  it("keeps nothing that can be read, and a key that cannot be exported", async () => {
    await fill(new Map([["password", "c0rrect-h0rse"]]));
    const [key, sealed] = (await stored()) as [CryptoKey, { bytes: Uint8Array }];
    expect([key.extractable, key.algorithm.name]).toEqual([false, "AES-GCM"]);
    await expect(crypto.subtle.exportKey("raw", key)).rejects.toThrow();
    expect(new TextDecoder().decode(sealed.bytes)).not.toMatch(/password|c0rrect/);
  });

  it("does not seal one value twice to the same bytes", async () => {
    await fill(new Map([["password", "same"]]));
    const first = JSON.stringify(await stored());
    const vault = await openVault();
    await vault.put("password", new Map([["password", "same"]]));
    vault.close();
    expect(JSON.stringify(await stored())).not.toBe(first);
  });

  it("has one key, however many make it at once", async () => {
    count++;
    const vaults = await Promise.all(Array.from({ length: 5 }, openVault));
    await Promise.all(vaults.map((vault, i) => vault.put(`s${i}`, new Map([["k", String(i)]]))));
    for (const [i] of vaults.entries())
      expect(await vaults[0]?.get(`s${i}`)).toEqual(new Map([["k", String(i)]]));
    for (const vault of vaults) vault.close();
  });

  it("does not open what was moved under another name", async () => {
    await fill(new Map([["mine", "secret"]]));
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open(nameOf());
      request.onsuccess = () => resolve(request.result);
    });
    const secrets = database.transaction("secrets", "readwrite").objectStore("secrets");
    await new Promise((resolve) => {
      const request = secrets.get("mine");
      request.onsuccess = () => {
        secrets.put(request.result, "yours").onsuccess = resolve;
      };
    });
    database.close();
    const store = await open(false);
    const failure = await store.get("yours", none).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ComponentError);
    expect((failure as ComponentError).message).toBe("secret yours cannot be unsealed; seal it again");
    await store.close();
  });

  it("forgets what is removed", async () => {
    await fill(new Map([["gone", "x"]]));
    const vault = await openVault();
    await vault.put("gone", undefined);
    vault.close();
    const store = await open(false);
    await expect(store.get("gone", none)).rejects.toThrow("secret gone not found");
    await store.close();
  });
});
