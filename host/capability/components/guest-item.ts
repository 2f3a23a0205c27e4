import type { Item } from "../../components/state/store.ts";
import { fieldOf, type MessageField, textOf } from "../message.ts";

const nothing = new Uint8Array(0);

/** What a package answers of a key. */
export function itemOf(fields: readonly MessageField[]): Item {
  const expires = textOf(fields, "expires");
  const expiresAt = expires !== undefined && /^\d{1,16}$/.test(expires) ? Number(expires) : undefined;
  return { value: fieldOf(fields, ":body") ?? nothing, etag: textOf(fields, "etag"), expiresAt };
}
