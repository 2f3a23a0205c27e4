import { text } from "../../components/metadata-schema.ts";
import {
  defineSecretStore,
  type Secret,
  type SecretStore,
  type SecretStoreDefinition,
} from "../../components/secretstores/secret-store.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** Settings and tokens of sidecars are no app's secrets. */
function withheld(variable: string): boolean {
  const upper = variable.toUpperCase();
  return /^DAPR(?:LET)?_/.test(upper) || upper === "APP_API_TOKEN" || variable.includes(" ");
}

class LocalEnvStore implements SecretStore {
  constructor(
    readonly variables: () => Variables,
    readonly prefix: string,
  ) {}

  /** As in Dapr, what is not there, or withheld, is empty and no error. */
  get(name: string): Promise<Secret> {
    const variable = this.prefix + name;
    const variables = this.variables();
    const readable = !withheld(variable) && Object.hasOwn(variables, variable);
    return Promise.resolve(new Map([[name, (readable ? variables[variable] : undefined) ?? ""]]));
  }

  bulkGet(): Promise<ReadonlyMap<string, Secret>> {
    const secrets = new Map<string, Secret>();
    for (const [variable, value] of Object.entries(this.variables())) {
      if (!variable.startsWith(this.prefix) || withheld(variable) || value === undefined) continue;
      const name = variable.slice(this.prefix.length);
      secrets.set(name, new Map([[name, value]]));
    }
    return Promise.resolve(secrets);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The environment's variables as secrets, as they are when they are asked for. */
export function localEnvStore(variables: () => Variables): SecretStoreDefinition {
  return defineSecretStore({
    type: "secretstores.local.env",
    version: "v1",
    summary: "The sidecar's environment variables, without DAPR_*, DAPRLET_* and APP_API_TOKEN.",
    metadata: { prefix: text("Only variables that begin with it; their secrets are named without it.", "") },
    features: [],
    open: ({ prefix }) => Promise.resolve(new LocalEnvStore(variables, prefix)),
  });
}
