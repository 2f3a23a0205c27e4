import type { DBSchema } from "idb";
import { ComponentError } from "../../host/errors/component-error.ts";
import type { Clock, Log, Platform } from "../../host/platform.ts";
import { Database, type Layout } from "../storage/database.ts";

interface Sealed {
  readonly iv: Uint8Array;
  readonly bytes: Uint8Array;
}

interface Schema extends DBSchema {
  /** One, under `values`: the browser lets nobody read it. */
  keys: { key: string; value: CryptoKey };
  secrets: { key: string; value: Sealed };
}

const layout: Layout<Schema> = {
  version: 1,
  upgrade(database) {
    database.createObjectStore("keys");
    database.createObjectStore("secrets");
  },
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Undefined on origins that the browser does not trust. */
function subtle(): SubtleCrypto {
  const found = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (found !== undefined) return found;
  throw new ComponentError(
    "FAILED_PRECONDITION",
    "the browser seals nothing on a site without https; serve it by https",
  );
}

/** The secret's name is sealed in: a value that is moved under another name does not open. */
function algorithm(name: string, iv: Uint8Array): AesGcmParams {
  return {
    name: "AES-GCM",
    iv: iv as Uint8Array<ArrayBuffer>,
    additionalData: encoder.encode(name),
  };
}

/**
 * Secrets in an IndexedDB database, each sealed with AES-GCM by a key that the browser keeps and does not give out. On
 * the disk, in a copy of the profile and in the browser's tools they are unreadable; scripts of the site can ask for them.
 */
export class Vault {
  readonly #database: Database<Schema>;
  readonly #random: Platform["random"];

  constructor(name: string, clock: Clock, log: Log, random: Platform["random"]) {
    this.#database = new Database({ name, layout, clock, log });
    this.#random = random;
  }

  async open(): Promise<this> {
    subtle();
    await this.#database.open();
    return this;
  }

  /** Undefined where there is no such secret. */
  async get(name: string): Promise<ReadonlyMap<string, string> | undefined> {
    const [sealed, key] = await this.#database.transact(
      ["keys", "secrets"],
      "readonly",
      "default",
      async (transaction) =>
        await Promise.all([
          transaction.objectStore("secrets").get(name),
          transaction.objectStore("keys").get("values"),
        ]),
    );
    return sealed === undefined ? undefined : await this.#unsealed(name, sealed, key);
  }

  async names(): Promise<readonly string[]> {
    return await this.#database.transact(["secrets"], "readonly", "default", (transaction) =>
      transaction.objectStore("secrets").getAllKeys(),
    );
  }

  /** Undefined removes it. */
  async put(name: string, values: ReadonlyMap<string, string> | undefined): Promise<void> {
    const sealed = values && (await this.#sealed(name, values));
    await this.#database.transact(["secrets"], "readwrite", "strict", async (transaction) => {
      const secrets = transaction.objectStore("secrets");
      if (sealed === undefined) await secrets.delete(name);
      else await secrets.put(sealed, name);
    });
  }

  close(): void {
    this.#database.close();
  }

  async #sealed(name: string, values: ReadonlyMap<string, string>): Promise<Sealed> {
    const key = await this.#key();
    const iv = this.#random(new Uint8Array(12));
    const plain = encoder.encode(JSON.stringify([...values]));
    return { iv, bytes: new Uint8Array(await subtle().encrypt(algorithm(name, iv), key, plain)) };
  }

  async #unsealed(
    name: string,
    { iv, bytes }: Sealed,
    key: CryptoKey | undefined,
  ): Promise<ReadonlyMap<string, string>> {
    try {
      if (key === undefined) throw new Error("the key is gone");
      const plain = await subtle().decrypt(algorithm(name, iv), key, bytes as Uint8Array<ArrayBuffer>);
      return new Map(JSON.parse(decoder.decode(plain)) as [string, string][]);
    } catch (cause) {
      throw new ComponentError("DATA_LOSS", `secret ${name} cannot be unsealed; seal it again`, { cause });
    }
  }

  /** Of two that are made at once, the one that was kept first is valid. */
  async #key(): Promise<CryptoKey> {
    const kept = await this.#database.transact(["keys"], "readonly", "default", (transaction) =>
      transaction.objectStore("keys").get("values"),
    );
    if (kept !== undefined) return kept;
    const made = await subtle().generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    return await this.#database.transact(["keys"], "readwrite", "strict", async (transaction) => {
      const keys = transaction.objectStore("keys");
      const first = await keys.get("values");
      if (first === undefined) await keys.put(made, "values");
      return first ?? made;
    });
  }
}
