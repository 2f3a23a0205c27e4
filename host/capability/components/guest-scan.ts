import type { KeyedItem } from "../../components/state/query.ts";
import { ComponentError } from "../../errors/component-error.ts";
import { partsOf, textField, textOf } from "../message.ts";
import type { GuestComponent } from "./guest-component.ts";
import { itemOf } from "./guest-item.ts";

/** Bytes that one query reads of a package's store. */
const MOST_BYTES = 64 << 20;

/** What an answer counts for at least: a package that tells one key at a time comes to an end as well. */
const LEAST_BYTES = 64 << 10;

/** What an item takes beside its key and value. */
const OVERHEAD = 64;

/** All items of a package's store whose keys begin with a prefix, in the order that it tells them in. Throws a ComponentError. */
export async function scanned(guest: GuestComponent, prefix: string): Promise<readonly KeyedItem[]> {
  // A key that is told again, as where items changed meanwhile, is one item.
  const found = new Map<string, KeyedItem>();
  let bytes = 0;
  let after = "";
  let token: string | undefined;
  // A deadline is each answer's own.
  for (;;) {
    const asked = [textField("prefix", prefix), textField("after", after)];
    if (token !== undefined) asked.push(textField("token", token));
    const answer = await guest.answer("scan", asked);
    if (answer.status !== 200) throw guest.failure(answer);
    const first = answer.fields.findIndex(([name]) => name === ":item");
    const items = first === -1 ? [] : partsOf(answer.fields.slice(first), ":item");
    let told = 0;
    for (const fields of items) {
      const item = { key: textOf(fields, ":item") ?? "", ...itemOf(fields) };
      told += OVERHEAD + 2 * item.key.length + item.value.length;
      found.set(item.key, item);
      after = item.key;
    }
    bytes += Math.max(told, LEAST_BYTES);
    if (bytes > MOST_BYTES) {
      throw new ComponentError(
        "RESOURCE_EXHAUSTED",
        `its package has more than ${MOST_BYTES} bytes for a query to read, or tells them in too many answers`,
      );
    }
    const head = first === -1 ? answer.fields : answer.fields.slice(0, first);
    if (textOf(head, "more") !== "true") return [...found.values()];
    const before = token;
    token = textOf(head, "token");
    if (items.length === 0 && (token === undefined || token === before))
      throw new ComponentError("INTERNAL", "its package answered scan with more to come, and nothing yet");
  }
}
