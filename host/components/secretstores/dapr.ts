import { ComponentError } from "../../errors/component-error.ts";
import { RemoteError } from "../dapr/remote-error.ts";
import { jsonObject, metadataQuery, texts } from "../dapr/remote-json.ts";
import { remoteMetadata } from "../dapr/remote-metadata.ts";
import { RemoteSidecar } from "../dapr/remote-sidecar.ts";
import { defineSecretStore, type Secret, type SecretStore } from "./secret-store.ts";

/** Names that a path of the secrets API takes for something else. */
const unaddressable: readonly string[] = ["", ".", "..", "bulk"];

class DaprSecretStore implements SecretStore {
  readonly #remote: RemoteSidecar;

  constructor(remote: RemoteSidecar) {
    this.#remote = remote;
  }

  async get(name: string, metadata: ReadonlyMap<string, string>): Promise<Secret> {
    const missing = new ComponentError("NOT_FOUND", `secret ${name} not found`);
    if (unaddressable.includes(name)) throw missing;
    const path = `${this.#path}/${encodeURIComponent(name)}${metadataQuery(metadata)}`;
    try {
      const answer = await this.#remote.call({ method: "GET", path });
      if (answer.status === 204) throw missing;
      return texts(this.#remote, Object.fromEntries(jsonObject(this.#remote, answer)));
    } catch (error) {
      // Of what a store fails with, the API tells nothing but its sentence.
      if (error instanceof RemoteError && error.message.endsWith(missing.message)) throw missing;
      throw error;
    }
  }

  async bulkGet(metadata: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, Secret>> {
    const path = `${this.#path}/bulk${metadataQuery(metadata)}`;
    const answer = await this.#remote.call({ method: "GET", path });
    if (answer.status === 204) return new Map();
    const secrets = [...jsonObject(this.#remote, answer)];
    return new Map(secrets.map(([name, values]) => [name, texts(this.#remote, values)]));
  }

  close(): Promise<void> {
    return this.#remote.close();
  }

  get #path(): string {
    return `/v1.0/secrets/${this.#remote.component}`;
  }
}

/** `secretstores.dapr`. */
export const daprSecretStore = defineSecretStore({
  type: "secretstores.dapr",
  version: "v1",
  summary: "A secret store of another Dapr sidecar, as far as its scopes let this one read.",
  metadata: remoteMetadata,
  features: ["MULTIPLE_KEY_VALUES_PER_SECRET"],
  open: async (metadata, context) => new DaprSecretStore(new RemoteSidecar(metadata, context)),
});
