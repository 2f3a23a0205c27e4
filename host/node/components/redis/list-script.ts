/** Keys that were written to be listed: a sorted set of one score, so that Redis orders them by their bytes. No app's key begins so. */
export const LISTED_KEY = "||daprlet||listed";

/**
 * KEYS: the set. ARGV: the first key, the end, how many at most. Expired items leave the set when a list comes by them.
 */
export const LIST_SCRIPT = `
local found, from, limit = {}, '[' .. ARGV[1], tonumber(ARGV[3])
while #found < limit do
  local rest = limit - #found
  local names = redis.call('ZRANGEBYLEX', KEYS[1], from, '(' .. ARGV[2], 'LIMIT', 0, rest)
  for _, name in ipairs(names) do
    if redis.call('EXISTS', name) == 1 then found[#found + 1] = name
    else redis.call('ZREM', KEYS[1], name) end
  end
  if #names < rest then break end
  from = '(' .. names[#names]
end
return found
`;
