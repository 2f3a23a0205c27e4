import type { Secret, SecretStore } from "../../components/secretstores/secret-store.ts";
import { ComponentError } from "../../errors/component-error.ts";
import { textField } from "../message.ts";
import type { ComponentAnswer, GuestComponent } from "./guest-component.ts";

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function secretOf(value: unknown): Secret | undefined {
  if (!isFields(value)) return undefined;
  const entries = Object.entries(value);
  const all = entries.every((entry): entry is [string, string] => typeof entry[1] === "string");
  return all ? new Map(entries as [string, string][]) : undefined;
}

/** A secret store that a package is: `get` answers a secret's values as JSON, `bulkGet` all secrets by name. */
export class GuestSecretStore implements SecretStore {
  readonly #guest: GuestComponent;

  constructor(guest: GuestComponent) {
    this.#guest = guest;
  }

  async get(name: string): Promise<Secret> {
    const secret = secretOf(
      this.#json(await this.#guest.answer("get", [textField("key", name)]), `secret ${name}`),
    );
    return secret ?? this.#broken("get");
  }

  async bulkGet(): Promise<ReadonlyMap<string, Secret>> {
    const all = this.#json(await this.#guest.answer("bulkGet", []), "list of secrets");
    if (!isFields(all)) return this.#broken("bulkGet");
    return new Map(
      Object.entries(all).map(([name, value]): [string, Secret] => [
        name,
        secretOf(value) ?? this.#broken("bulkGet"),
      ]),
    );
  }

  async close(): Promise<void> {
    this.#guest.close();
  }

  /** Never tells what the package said: it may be a secret's value. */
  #json({ status, body }: ComponentAnswer, what: string): unknown {
    if (status === 204 || status === 404) throw new ComponentError("NOT_FOUND", `${what} not found`);
    if (status === 403)
      throw new ComponentError("PERMISSION_DENIED", "its package refuses to tell the secret");
    if (status !== 200) throw new ComponentError("UNAVAILABLE", `its package answered with status ${status}`);
    try {
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    } catch {
      return undefined;
    }
  }

  #broken(operation: string): never {
    throw new ComponentError(
      "INTERNAL",
      `its package answered ${operation} with something else than JSON of texts`,
    );
  }
}
