import type {
  Change,
  Consistency,
  Item,
  Operation,
  Store,
  WriteBatch,
  WriteOutcome,
} from "../../components/state/store.ts";
import { ComponentError, ETagError } from "../../errors/component-error.ts";
import { type MessageField, textField, textOf } from "../message.ts";
import type { GuestComponent } from "./guest-component.ts";

/** What a package's store may promise. */
export const storeFeatures = ["ETAG", "TTL"] as const;

function fieldsOf(operation: Change): readonly MessageField[] {
  const fields = [textField("key", operation.key)];
  if (operation.etag !== undefined) fields.push(textField("etag", operation.etag));
  // Without an ETag it deletes, whatever its concurrency.
  if (operation.kind === "delete") return fields;
  const { concurrency, ttlInSeconds, contentType, value } = operation;
  if (concurrency !== undefined) fields.push(textField("concurrency", concurrency));
  if (ttlInSeconds !== undefined) fields.push(textField("ttl", String(ttlInSeconds)));
  if (contentType !== undefined) fields.push(textField("content-type", contentType));
  return [...fields, [":body", value]];
}

/** A state store that a package is: `get`, `set` and `delete`, one key each. */
export class GuestStore implements Store {
  readonly #guest: GuestComponent;

  constructor(guest: GuestComponent) {
    this.#guest = guest;
  }

  async get(key: string, consistency?: Consistency): Promise<Item | undefined> {
    const fields = [textField("key", key)];
    if (consistency !== undefined) fields.push(textField("consistency", consistency));
    const answer = await this.#guest.answer("get", fields);
    if (answer.status === 204 || answer.status === 404) return undefined;
    if (answer.status !== 200) throw this.#guest.failure(answer);
    const expires = textOf(answer.fields, "expires");
    const expiresAt = expires !== undefined && /^\d{1,16}$/.test(expires) ? Number(expires) : undefined;
    return { value: answer.body, etag: textOf(answer.fields, "etag"), expiresAt };
  }

  bulkGet(keys: readonly string[]): Promise<readonly (Item | undefined)[]> {
    return Promise.all(keys.map((key) => this.get(key)));
  }

  async write({ operations, atomic }: WriteBatch): Promise<WriteOutcome> {
    if (atomic && operations.length > 1) {
      throw new ComponentError("UNIMPLEMENTED", "a package's store writes one key at a time");
    }
    const outcome: (ETagError | undefined)[] = [];
    for (const operation of operations) outcome.push(await this.#one(operation));
    return outcome;
  }

  async #one(operation: Operation): Promise<ETagError | undefined> {
    if (operation.kind === "check")
      throw new ComponentError("UNIMPLEMENTED", "a package's store keeps no actors");
    const answer = await this.#guest.answer(
      operation.kind === "upsert" ? "set" : "delete",
      fieldsOf(operation),
    );
    if (answer.status < 300) return undefined;
    if (answer.status === 409) return new ETagError("mismatch", operation.key);
    throw this.#guest.failure(answer);
  }

  async close(): Promise<void> {
    this.#guest.close();
  }
}
