import { ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import type { ComponentResource } from "../../resources/component.ts";

export interface EncryptionKey {
  /** Stands beside every value that the key sealed: the name of its secret, as Dapr writes it. */
  readonly name: string;
  /** Seals and opens values. */
  readonly cipher: CryptoKey;
  /** Makes the nonces of writes that have to be recognised (see `EncryptedStore`). */
  readonly nonces: CryptoKey;
}

/** The first one seals; all of them open. */
export type EncryptionKeys = readonly [EncryptionKey, ...EncryptionKey[]];

/** The metadata of any state store that names its keys: what is written is sealed with the first. */
const fields = ["primaryEncryptionKey", "secondaryEncryptionKey"] as const;

/** Hexadecimal digits of AES-128, AES-192 and AES-256. */
const lengths = [32, 48, 64];

/**
 * The keys that `metadata`, secrets resolved, give a store; undefined for one that is not encrypted. Throws a
 * ComponentError that names component and field, and never a key.
 */
export async function encryptionKeys(
  { name, origin, secretKeyRefs }: ComponentResource,
  metadata: ReadonlyMap<string, string>,
): Promise<EncryptionKeys | undefined> {
  const given = new Map([...metadata].map(([field, value]) => [field.toLowerCase(), value]));
  const refuse = (field: string, expected: string) =>
    new ComponentError(
      "INVALID_ARGUMENT",
      `component ${name} (${origin}): metadata field ${field}: ${expected}`,
    );
  const keys: EncryptionKey[] = [];
  for (const field of fields) {
    const text = given.get(field.toLowerCase());
    if (text === undefined) continue;
    if (field !== fields[0] && keys.length === 0) {
      throw refuse(field, `nothing would be encrypted with it alone; give ${fields[0]} as well`);
    }
    if (!lengths.includes(text.length) || !/^[0-9a-f]*$/i.test(text)) {
      throw refuse(field, "expected a key of 32, 48 or 64 hexadecimal digits");
    }
    const secret = secretKeyRefs.find((ref) => ref.field.toLowerCase() === field.toLowerCase());
    try {
      keys.push(await importKey(secret?.name ?? field, text));
    } catch (error) {
      const remedy = text.length === 48 ? "; some browsers have no AES-192: use 32 or 64 digits" : "";
      throw refuse(field, `the key cannot be used here: ${reasonOf(error)}${remedy}`);
    }
  }
  const [first, ...others] = keys;
  return first && [first, ...others];
}

async function importKey(name: string, hex: string): Promise<EncryptionKey> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new Error("encryption needs WebCrypto, which browsers offer on https and localhost only");
  }
  const { subtle } = crypto;
  const raw = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const cipher = await subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  const secret = await subtle.importKey("raw", raw, "HKDF", false, ["deriveKey"]);
  const nonces = await subtle.deriveKey(
    {
      name: "HKDF",
      hash: "SHA-256",
      salt: new Uint8Array(0),
      info: new TextEncoder().encode("daprlet nonces"),
    },
    secret,
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  return { name, cipher, nonces };
}
