import type { Item } from "../../../components/state/store.ts";
import { ComponentError } from "../../../errors/component-error.ts";

/**
 * The items of KEYS: for each its data, version and milliseconds to live; nothing for a missing one; 0 for what is no
 * state. A text is what a program without Dapr has set: daprd reads it as well.
 */
export const READ_SCRIPT = `
local items = {}
for i, key in ipairs(KEYS) do
  local item = redis.pcall('HMGET', key, 'data', 'version')
  if item.err then
    local text = redis.pcall('GET', key)
    item = type(text) == 'string' and { text, false } or false
  end
  if not item then items[i] = 0
  elseif not item[1] then items[i] = false
  else items[i] = { item[1], item[2], redis.call('PTTL', key) } end
end
return items
`;

export type ReadAnswer = 0 | null | readonly [data: Buffer, version: Buffer | null, ttl: number];

export function readItem(key: string, answer: ReadAnswer, now: number): Item | undefined {
  if (answer === null) return undefined;
  if (answer === 0) {
    throw new ComponentError(
      "FAILED_PRECONDITION",
      `the key ${key} holds a kind of value that is no state, written by another program; delete it, or use another key`,
    );
  }
  const [data, version, ttl] = answer;
  return {
    value: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    etag: version?.toString(),
    expiresAt: ttl < 0 ? undefined : now + ttl,
  };
}
