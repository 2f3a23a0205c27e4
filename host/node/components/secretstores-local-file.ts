import { readFile, stat } from "node:fs/promises";
import { flag, text } from "../../components/metadata-schema.ts";
import {
  defineSecretStore,
  type Secret,
  type SecretStore,
} from "../../components/secretstores/secret-store.ts";
import { ComponentError } from "../../errors/component-error.ts";
import type { Log } from "../../platform.ts";
import { type Fields, isFields } from "../../resources/fields.ts";

type Secrets = ReadonlyMap<string, Secret>;

interface Format {
  readonly nestedSeparator: string;
  readonly multiValued: boolean;
}

/** Every value that is no object or list, by the names that lead to it. */
function* leaves(value: unknown, path: string, separator: string): Generator<[string, string]> {
  if (typeof value !== "object" || value === null) {
    yield [path, value === null ? "" : String(value)];
    return;
  }
  for (const [name, inner] of Object.entries(value)) yield* leaves(inner, path + separator + name, separator);
}

/** As in Dapr: nested names are joined; where a secret may have several keys, its own name is not part of them. */
function secretsIn(root: Fields, { nestedSeparator: separator, multiValued }: Format): Secrets {
  const members = Object.entries(root);
  if (!multiValued) {
    const paths = members.flatMap(([name, value]) => [...leaves(value, name, separator)]);
    return new Map(paths.map(([path, leaf]) => [path, new Map([[path, leaf]])]));
  }
  const secrets = new Map<string, Secret>();
  for (const [name, value] of members) {
    if (typeof value === "string") secrets.set(name, new Map([[name, value]]));
    if (!isFields(value)) continue;
    const keys = Object.entries(value).flatMap(([key, inner]) => [...leaves(inner, key, separator)]);
    secrets.set(name, new Map(keys));
  }
  return secrets;
}

/** Names nothing of what the file holds: what a parser says of bad JSON quotes it. */
function parse(content: string, file: string, format: Format): Secrets {
  let root: unknown;
  try {
    root = JSON.parse(content);
  } catch {
    throw new ComponentError("INVALID_ARGUMENT", `secretsFile ${file} is not valid JSON`);
  }
  if (!isFields(root))
    throw new ComponentError("INVALID_ARGUMENT", `secretsFile ${file} holds no JSON object`);
  return secretsIn(root, format);
}

class LocalFileStore implements SecretStore {
  readonly #file: string;
  readonly #format: Format;
  readonly #log: Log;
  /** Of the file as it was last read. */
  #version = "";
  /** What was last said of it, since it was last read. */
  #told = "";
  #secrets: Secrets = new Map();
  #reading: Promise<Secrets> | undefined;

  constructor(file: string, format: Format, log: Log) {
    this.#file = file;
    this.#format = format;
    this.#log = log;
  }

  async open(): Promise<this> {
    await this.#read();
    return this;
  }

  async get(name: string): Promise<Secret> {
    const secret = (await this.#current()).get(name);
    if (secret === undefined) throw new ComponentError("NOT_FOUND", `secret ${name} not found`);
    return secret;
  }

  bulkGet(): Promise<Secrets> {
    return this.#current();
  }

  close(): Promise<void> {
    this.#secrets = new Map();
    return Promise.resolve();
  }

  async #read(): Promise<Secrets> {
    const found = await stat(this.#file).catch(() => undefined);
    // When its attributes changed, too: whoever may read it is one of them.
    const version = found && `${found.mtimeMs} ${found.ctimeMs} ${found.size} ${found.ino}`;
    if (version !== undefined && version === this.#version) return this.#secrets;
    const content = await readFile(this.#file, "utf8").catch(() => undefined);
    if (version === undefined || content === undefined) {
      this.#version = "";
      throw new ComponentError("NOT_FOUND", `secretsFile ${this.#file} does not exist or cannot be read`);
    }
    this.#version = version;
    this.#secrets = parse(content, this.#file, this.#format);
    this.#told = "";
    return this.#secrets;
  }

  /** Looks whether the file has changed. One that cannot be used leaves what was read before, and is told of once. */
  #current(): Promise<Secrets> {
    this.#reading ??= this.#read()
      .catch(({ message }: Error) => {
        if (message !== this.#told) this.#log.error(`the secrets stay as they were: ${message}`);
        this.#told = message;
        return this.#secrets;
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }
}

/** Secrets of a JSON file, for a machine of one's own: whoever reads the file has them. */
export const localFileStore = defineSecretStore({
  type: "secretstores.local.file",
  version: "v1",
  summary: "Secrets of a JSON file, read again when it has changed.",
  metadata: {
    secretsFile: text.required("Path of the file."),
    nestedSeparator: text("Between the names of nested values.", ":"),
    multiValued: flag("Each member of the file is a secret with several keys.", false),
  },
  features: ["MULTIPLE_KEY_VALUES_PER_SECRET"],
  open: ({ secretsFile, ...format }, { log }) => new LocalFileStore(secretsFile, format, log).open(),
});
