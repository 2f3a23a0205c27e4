import { flag } from "../../host/components/metadata-schema.ts";
import {
  defineSecretStore,
  type Secret,
  type SecretStore,
  type SecretStoreDefinition,
} from "../../host/components/secretstores/secret-store.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { databaseName } from "../storage/database-names.ts";
import type { ScopeStorage } from "../storage/scope-storage.ts";
import { Vault } from "./vault.ts";

class VaultSecretStore implements SecretStore {
  readonly #name: string;
  readonly #vault: Vault;
  readonly #allowBulk: boolean;

  constructor(name: string, vault: Vault, allowBulk: boolean) {
    this.#name = name;
    this.#vault = vault;
    this.#allowBulk = allowBulk;
  }

  async get(name: string): Promise<Secret> {
    const secret = await this.#vault.get(name);
    if (secret === undefined) throw new ComponentError("NOT_FOUND", `secret ${name} not found`);
    return secret;
  }

  async bulkGet(): Promise<ReadonlyMap<string, Secret>> {
    if (!this.#allowBulk) {
      throw new ComponentError(
        "PERMISSION_DENIED",
        `access denied by policy to get all secrets from "${this.#name}"; its metadata can set allowBulk`,
      );
    }
    const secrets = new Map<string, Secret>();
    for (const name of await this.#vault.names()) {
      const secret = await this.#vault.get(name);
      if (secret !== undefined) secrets.set(name, secret);
    }
    return secrets;
  }

  async close(): Promise<void> {
    this.#vault.close();
  }
}

/** `secretstores.vault` for one scope. The page puts secrets into it by `sealSecret`. */
export function vaultSecretStore({ databasePrefix }: ScopeStorage): SecretStoreDefinition {
  return defineSecretStore({
    type: "secretstores.vault",
    version: "v1",
    summary: "Secrets in the browser's IndexedDB, sealed with a key that the browser does not give out.",
    metadata: { allowBulk: flag("All secrets may be read at once.", false) },
    features: ["MULTIPLE_KEY_VALUES_PER_SECRET"],
    async open({ allowBulk }, { name, platform, log }) {
      const database = databaseName(databasePrefix, "secretstores", name);
      const vault = new Vault(database, platform.clock, log, platform.random);
      return new VaultSecretStore(name, await vault.open(), allowBulk);
    },
  });
}
