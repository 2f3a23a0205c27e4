import { ComponentError } from "../../errors/component-error.ts";
import { others } from "../metadata-schema.ts";
import { defineSecretStore, type Secret, type SecretStore } from "./secret-store.ts";

class InMemorySecretStore implements SecretStore {
  readonly #values: Map<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = new Map(values);
  }

  get(name: string): Promise<Secret> {
    const value = this.#values.get(name);
    if (value !== undefined) return Promise.resolve(new Map([[name, value]]));
    return Promise.reject(new ComponentError("NOT_FOUND", `secret ${name} not found`));
  }

  bulkGet(): Promise<ReadonlyMap<string, Secret>> {
    return Promise.resolve(
      new Map([...this.#values].map(([name, value]) => [name, new Map([[name, value]])])),
    );
  }

  close(): Promise<void> {
    this.#values.clear();
    return Promise.resolve();
  }
}

/** Secrets that stand in the resource itself: for tests and demos. */
export const inMemorySecretStore = defineSecretStore({
  type: "secretstores.in-memory",
  version: "v1",
  summary: "Its metadata fields are the secrets, as readable as the resource: for tests and demos.",
  metadata: { values: others("A secret each: its name and its value.") },
  features: [],
  open: ({ values }) => Promise.resolve(new InMemorySecretStore(values)),
});
