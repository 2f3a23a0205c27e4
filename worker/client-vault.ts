import { consoleLog, systemClock, webPlatform } from "../host/web-platform.ts";
import { Vault } from "./components/vault.ts";
import { databaseName, databasePrefix } from "./storage/database-names.ts";

/** A secret's one value, or its values by key; null removes it. */
export type SecretValues = string | Readonly<Record<string, string>> | null;

interface Loaded {
  readonly components?: readonly { readonly name: string; readonly type: string }[];
}

/**
 * Seals a secret into a vault of the scope. The value goes from the page into the browser's database and nowhere else.
 * Rejects where the app has no such store, so that no secret is put where nobody looks.
 */
export async function sealSecret(
  scope: string,
  own: typeof fetch,
  store: string,
  name: string,
  values: SecretValues,
): Promise<void> {
  const { components = [] } = (await (await own("/v1.0/metadata")).json()) as Loaded;
  if (!components.some((component) => component.name === store && component.type === "secretstores.vault")) {
    throw new TypeError(
      `sealSecret(): ${store} is no secretstores.vault of this app; register it with { name: "${store}", type: "secretstores.vault" }`,
    );
  }
  const log = consoleLog("warn", "daprlet");
  const database = databaseName(databasePrefix(scope), "secretstores", store);
  const vault = new Vault(database, systemClock, log, webPlatform(log).random);
  const given = typeof values === "string" ? { [name]: values } : values;
  try {
    await vault.put(name, given === null ? undefined : new Map(Object.entries(given)));
  } finally {
    vault.close();
  }
}
