/**
 * Functions of scripts that change an index. What an item has in it is recorded in a hash of the app, under its key: the
 * version that was indexed with what was declared then, and sorted sets and members in turn.
 */
export const INDEX_FUNCTIONS = `
local function forget(record, name)
  local entry = redis.call('HGET', record, name)
  if not entry then return end
  local members = cmsgpack.unpack(entry)
  for i = 2, #members, 2 do redis.call('ZREM', members[i], members[i + 1]) end
  redis.call('HDEL', record, name)
end

local function remember(record, name, label, members)
  forget(record, name)
  if #members == 0 then return end
  local entry = { label }
  for i = 1, #members, 2 do
    redis.call('ZADD', members[i], 0, members[i + 1])
    entry[i + 1], entry[i + 2] = members[i], members[i + 1]
  end
  redis.call('HSET', record, name, cmsgpack.pack(entry))
end
`;

/**
 * Of KEYS, those whose present version is not the one that is indexed: their data and version.
 * ARGV: the record, and what is declared.
 */
export const STALE_SCRIPT = `
local items = {}
for i, name in ipairs(KEYS) do
  local item = redis.pcall('HMGET', name, 'data', 'version')
  local entry = redis.call('HGET', ARGV[1], name)
  local indexed = entry and cmsgpack.unpack(entry)[1]
  if item.err or not item[1] or not item[2] or item[2] .. ARGV[2] == indexed then items[i] = false else items[i] = item end
end
return items
`;

/**
 * Indexes KEYS where they have the version that was read, and forgets those that are gone.
 * ARGV: the record, what is declared, then for each its version (empty: it was gone), how many entries, and sets and members in turn.
 */
export const REPAIR_SCRIPT = `
${INDEX_FUNCTIONS}
local at = 2
local function arg() at = at + 1 return ARGV[at] end
for _, name in ipairs(KEYS) do
  local version, members = arg(), {}
  for i = 1, tonumber(arg()) do members[i] = arg() end
  if version == '' then
    if redis.call('EXISTS', name) == 0 then forget(ARGV[1], name) end
  elseif redis.call('HGET', name, 'version') == version then
    remember(ARGV[1], name, version .. ARGV[2], members)
  end
end
`;
