import { fromBase64, toBase64 } from "../../base64.ts";
import { ComponentError } from "../../errors/component-error.ts";
import { joinBytes } from "../../join-bytes.ts";
import type { Platform } from "../../platform.ts";
import type { Durability } from "../component.ts";
import type { EncryptionKey, EncryptionKeys } from "./encryption-keys.ts";
import type {
  Answer,
  Consistency,
  Item,
  ListingStore,
  Operation,
  Store,
  Upsert,
  WriteBatch,
  WriteOutcome,
} from "./store.ts";

const NONCE_BYTES = 12;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Any store with its values sealed, as Dapr seals them: `base64(nonce, AES-GCM ciphertext, tag)`, `||`, and the name
 * of the key; where a store takes JSON only, all of that as a string. Keys, their order, ETags and times to live stay as they are.
 * A query cannot look into the values.
 */
export class EncryptedStore implements Store {
  readonly #store: Store;
  readonly #keys: EncryptionKeys;
  readonly #random: Platform["random"];
  readonly #asJson: boolean;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: Store, keys: EncryptionKeys, random: Platform["random"], jsonOnly = false) {
    this.#store = store;
    this.#keys = keys;
    this.#random = random;
    this.#asJson = jsonOnly;
  }

  get durability(): Durability | undefined {
    return "durability" in this.#store ? (this.#store.durability as Durability) : undefined;
  }

  get facts(): ReadonlyMap<string, string> {
    return this.#store.facts ?? new Map();
  }

  async get(key: string, consistency: Consistency | undefined): Promise<Item | undefined> {
    return await this.#opened(await this.#store.get(key, consistency));
  }

  async bulkGet(keys: readonly string[]): Promise<readonly (Item | undefined)[]> {
    const items = await this.#store.bulkGet(keys);
    return await Promise.all(items.map((item) => this.#opened(item)));
  }

  /** Sealing takes no fixed time: what is sealed is handed on in the order in which it came. */
  async write(batch: WriteBatch): Promise<WriteOutcome> {
    const sealed = Promise.all(
      batch.operations.map((operation): Operation | Promise<Operation> =>
        operation.kind === "upsert" ? this.#sealed(operation) : operation,
      ),
    );
    const turn = Promise.all([sealed, this.#turn]).then(([operations]) => operations);
    this.#turn = turn.catch(() => undefined);
    return await this.#store.write({ ...batch, operations: await turn });
  }

  /** Of a store with the feature ACTOR. */
  list(from: string, to: string, limit: number): Answer<readonly string[]> {
    return (this.#store as ListingStore).list(from, to, limit);
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#store.close();
  }

  async #sealed(operation: Upsert): Promise<Upsert> {
    const [key] = this.#keys;
    const { name, cipher } = key;
    const nonce = await this.#nonce(key, operation);
    const text = await crypto.subtle.encrypt(
      { name: "AES-GCM", iv: nonce },
      cipher,
      operation.value as Uint8Array<ArrayBuffer>,
    );
    const sealed = `${toBase64(joinBytes([nonce, new Uint8Array(text)]))}||${name}`;
    return { ...operation, value: encoder.encode(this.#asJson ? JSON.stringify(sealed) : sealed) };
  }

  /**
   * A store recognises a guarded write that comes a second time by its bytes, so those of one value must be the same:
   * its nonce is a code of everything that goes into it. Nobody learns more from that than that the write was repeated.
   */
  async #nonce({ nonces }: EncryptionKey, { key, etag, value }: Upsert): Promise<Uint8Array<ArrayBuffer>> {
    if (etag === undefined) return this.#random(new Uint8Array(NONCE_BYTES));
    const all = joinBytes([encoder.encode(JSON.stringify([key, etag])), value]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", nonces, all)).slice(0, NONCE_BYTES);
  }

  #text(value: Uint8Array): string {
    const text = decoder.decode(value);
    if (!this.#asJson) return text;
    try {
      return String(JSON.parse(text));
    } catch {
      return "";
    }
  }

  async #opened(item: Item | undefined): Promise<Item | undefined> {
    if (item === undefined) return undefined;
    const [text = "", ...rest] = this.#text(item.value).split("||");
    const name = rest.join("||");
    const sealed = rest.length === 0 ? undefined : bytesOf(text);
    if (sealed === undefined) {
      throw unreadable("it is not encrypted; write it again, or read it with a component without keys");
    }
    // A secret may have been given another value under its old name, so the name only says which key is tried first.
    const keys = [...this.#keys].sort((a, b) => Number(b.name === name) - Number(a.name === name));
    for (const { cipher } of keys) {
      try {
        const iv = sealed.subarray(0, NONCE_BYTES);
        const value = await crypto.subtle.decrypt(
          { name: "AES-GCM", iv },
          cipher,
          sealed.subarray(NONCE_BYTES),
        );
        return { ...item, value: new Uint8Array(value) };
      } catch {
        // The next key.
      }
    }
    throw unreadable(
      "it is damaged, or was encrypted with another key; give that key as secondaryEncryptionKey, or write the value again",
    );
  }
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return fromBase64(base64);
  } catch {
    return undefined;
  }
}

function unreadable(why: string): ComponentError {
  return new ComponentError("DATA_LOSS", `the stored value cannot be decrypted: ${why}`);
}
