import { rawMembers, rawObject } from "../raw-members.ts";
import { CallRefused } from "./call-refused.ts";
import { type Build, keyOf, statePath } from "./host-requests.ts";
import { type MessageField, textField, textOf } from "./message.ts";
import { mayBeOwnKey, ownKey, plainKey } from "./own-keys.ts";

const MOST_ITEMS = 1000;

/** Of an answer with several items: who is told that they are more asks for fewer. */
const MOST_BYTES = 2 << 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** `state.scan`: the items whose keys begin with a prefix, as far as the package may read them, a page at a time. Throws a CallRefused. */
export const stateScan: Build = (call, granted, packageName) => {
  const prefix = textOf(call, "prefix") ?? "";
  const begin = keyOf(call, prefix, granted, packageName, "read");
  const own = begin === ownKey(packageName, prefix);
  if (!own && mayBeOwnKey(prefix))
    throw new CallRefused(403, "prefix is the beginning of packages' own keys, too");
  const limit = textOf(call, "limit") ?? "100";
  if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > MOST_ITEMS)
    throw new CallRefused(400, `limit takes a number from 1 to ${MOST_ITEMS}`);
  const token = textOf(call, "token");
  return {
    method: "POST",
    path: `${statePath(call).replace("/v1.0/", "/v1.0-alpha1/")}/query`,
    query: `metadata.keyPrefix=${encodeURIComponent(begin)}`,
    headers: ["content-type", "application/json"],
    body: encoder.encode(
      JSON.stringify({ page: { limit: Number(limit), ...(token !== undefined && { token }) } }),
    ),
    tells: (body) =>
      itemsOf(body, (key) => {
        if (!key.startsWith(begin)) return undefined;
        return own ? plainKey(packageName, key) : key;
      }),
    ...(limit !== "1" && { most: MOST_BYTES }),
  };
};

/** An answer to a query as fields: `token`, then a part for each item. Values are as they are written. */
function itemsOf(body: Uint8Array, told: (key: string) => string | undefined): readonly MessageField[] {
  const answer = rawObject(decoder.decode(body));
  const token = answer.get("token");
  const items = rawMembers(answer.get("results") ?? "[]").flatMap((item): readonly MessageField[] => {
    const [key, data, etag] = ["key", "data", "etag"].map((name) => item.get(name));
    const name = key === undefined ? undefined : told(text(key));
    if (name === undefined || data === undefined) return [];
    const version = etag === undefined ? [] : [textField("etag", text(etag))];
    return [textField(":item", name), ...version, textField(":body", data)];
  });
  return token === undefined ? items : [textField("token", text(token)), ...items];
}

const text = (json: string): string => String(JSON.parse(json));
