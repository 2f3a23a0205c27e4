/**
 * What has to happen as one on the server. KEYS: the stream, and the group's marker, which holds the last entry that was
 * sorted into its lane. A lane is a list of ids in order, the first of which is with an instance; its key is the marker's
 * with the lane behind it. ARGV begins with the group and the own consumer, where nothing else is said.
 */

/**
 * Functions of the others. `pending` answers the owner, the idle time and the count of an entry that no consumer has
 * acknowledged. A count of 0 says that it waits in its lane, with nobody. What was released looks very old.
 */
const library = `
local stream, marker, group, me = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local function pending(id)
  local row = redis.call('XPENDING', stream, group, id, id, 1)[1]
  if row then return row[2], row[3], row[4] end
end
local function free(idle, count)
  return count == 0 or idle > 1e11
end
local function entry(id)
  return redis.call('XRANGE', stream, id, id)[1]
end
local function laneOf(fields)
  for i = 1, #fields, 2 do
    if fields[i] == 'metadata' and string.find(fields[i + 1], 'partitionKey', 1, true) then
      local ok, metadata = pcall(cjson.decode, fields[i + 1])
      local key = ok and type(metadata) == 'table' and metadata.partitionKey
      if type(key) == 'string' then return marker .. ':' .. key end
    end
  end
end
local function later(a, b)
  local am, as = string.match(a, '(%d+)-(%d+)')
  local bm, bs = string.match(b, '(%d+)-(%d+)')
  am, as, bm, bs = tonumber(am), tonumber(as), tonumber(bm), tonumber(bs)
  return am > bm or (am == bm and as > bs)
end
local function head(lane)
  while true do
    local id = redis.call('LINDEX', lane, 0)
    if not id then return end
    if pending(id) then
      local found = entry(id)
      if found then return id, found end
      redis.call('XACK', stream, group, id)
    end
    redis.call('LPOP', lane)
  end
end
local function sortIn(last)
  local mark = redis.call('GET', marker)
  if mark and not later(last, mark) then return end
  local from = mark and '(' .. mark or '-'
  repeat
    local rows = redis.call('XPENDING', stream, group, from, last, 500)
    for _, row in ipairs(rows) do
      local found = entry(row[1])
      local lane = found and laneOf(found[2])
      if lane then redis.call('RPUSH', lane, row[1]) end
      from = '(' .. row[1]
    end
  until #rows < 500
  redis.call('SET', marker, last)
end
`;

/** ARGV: id, fields… ; KEYS[2]: what remembers the request; answers false where it was carried out before. */
export const publishOnce = `
if redis.call('EXISTS', KEYS[2]) == 1 then return false end
local id = redis.call('XADD', KEYS[1], unpack(ARGV, 2))
redis.call('SET', KEYS[2], id, 'EX', ARGV[1])
return id`;

/**
 * ARGV: the group. Makes it, and the stream, where there is none: from the stream's beginning, so that a first
 * subscriber gets what was there before it.
 */
export const create = `
local created = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if not created.err then
  redis.call('DEL', KEYS[2])
elseif not string.find(created.err, 'BUSYGROUP', 1, true) then
  return created
end`;

/**
 * ARGV: ids in order. Sorts all up to the last one into their lanes; answers those that come first in theirs, and has
 * the others wait.
 */
export const sortIntoLanes = `${library}
sortIn(ARGV[#ARGV])
local mine = {}
for i = 3, #ARGV do
  local found = entry(ARGV[i])
  local lane = found and laneOf(found[2])
  if lane and pending(ARGV[i]) == me then
    if head(lane) == ARGV[i] then
      mine[#mine + 1] = ARGV[i]
    else
      redis.call('XCLAIM', stream, group, me, 0, ARGV[i], 'RETRYCOUNT', 0, 'JUSTID')
    end
  end
end
return mine`;

/**
 * ARGV: id, its lane, and who gets what comes next in it: the own consumer, or the heir of one that leaves.
 * Acknowledges; answers the next entry and how often it was handed out where it is the own one's now. One that is with
 * another consumer already stays there: daprd in the same group knows no lanes.
 */
export const acknowledgeInLane = `${library}
local lane, heir = marker .. ':' .. ARGV[4], ARGV[5]
redis.call('XACK', stream, group, ARGV[3])
redis.call('LREM', lane, 1, ARGV[3])
local id, found = head(lane)
if not id then return false end
local owner, idle, count = pending(id)
if not free(idle, count) and owner ~= me then return false end
if heir ~= me then
  redis.call('XCLAIM', stream, group, heir, 0, id, 'TIME', 0, 'JUSTID')
  return false
end
redis.call('XCLAIM', stream, group, me, 0, id, 'RETRYCOUNT', count + 1, 'JUSTID')
return {found, count}`;

/**
 * ARGV: how long an entry must have been left alone; how long one that waits in its lane, before it is looked at whether
 * it has become the first, which whoever knows no lanes does not tell; how many are wanted, and after which id to look.
 * Answers where to go on (empty: at an end), then entries and how often they had been handed out.
 */
export const claim = `${library}
local idle, patience = tonumber(ARGV[3]), tonumber(ARGV[4])
local wanted, from = tonumber(ARGV[5]), ARGV[6]
local claimed = {}
local rows = redis.call('XPENDING', stream, group, from == '' and '-' or '(' .. from, '+', 200)
for _, row in ipairs(rows) do
  local id = row[1]
  if #claimed / 2 >= wanted then return {from, claimed} end
  from = id
  if row[3] >= idle or (row[4] == 0 and row[3] >= patience) then
    local found = entry(id)
    local lane = found and laneOf(found[2])
    local mine = found ~= nil
    if not found then redis.call('XACK', stream, group, id) end
    if lane then
      sortIn(id)
      local first = head(lane)
      if not first then redis.call('RPUSH', lane, id) end
      mine = not first or first == id
      if not mine then redis.call('XCLAIM', stream, group, row[2], 0, id, 'RETRYCOUNT', 0, 'JUSTID') end
    end
    if mine then
      redis.call('XCLAIM', stream, group, me, 0, id)
      claimed[#claimed + 1] = found
      claimed[#claimed + 1] = row[4]
    end
  end
end
return {#rows < 200 and '' or from, claimed}`;

/**
 * ARGV: after which id to look. Answers where to go on (empty: at an end), then what is the own consumer's and does not
 * wait in a lane, and how often it had been handed out before.
 */
export const own = `${library}
local from = ARGV[3]
local rows = redis.call('XPENDING', stream, group, from == '' and '-' or '(' .. from, '+', 200, me)
local entries = {}
for _, row in ipairs(rows) do
  from = row[1]
  local found = row[4] > 0 and entry(row[1])
  if found then
    entries[#entries + 1] = found
    entries[#entries + 1] = row[4] - 1
  end
end
return {#rows < 200 and '' or from, entries}`;

/**
 * ARGV: ids and how often each was handed out. Says that they are still being worked on; answers those that are
 * another consumer's, or nobody's, by now.
 */
export const keep = `${library}
local lost = {}
for i = 3, #ARGV, 2 do
  if pending(ARGV[i]) == me then
    redis.call('XCLAIM', stream, group, me, 0, ARGV[i], 'RETRYCOUNT', math.max(1, ARGV[i + 1]), 'JUSTID')
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost`;

/** ARGV: the heir, then ids and how often each was handed out. Leaves them to whoever claims next. */
export const release = `${library}
for i = 4, #ARGV, 2 do
  if pending(ARGV[i]) == me then
    redis.call('XCLAIM', stream, group, ARGV[3], 0, ARGV[i], 'TIME', 0, 'RETRYCOUNT', ARGV[i + 1], 'JUSTID')
  end
end`;

/** ARGV: the heir. Leaves all that is the own consumer's, and removes it. */
export const leave = `${library}
while true do
  local rows = redis.call('XPENDING', stream, group, '-', '+', 200, me)
  for _, row in ipairs(rows) do
    local moved = redis.call('XCLAIM', stream, group, ARGV[3], 0, row[1], 'TIME', 0, 'JUSTID')
    if #moved == 0 then redis.call('XACK', stream, group, row[1]) end
  end
  if #rows == 0 then break end
end
redis.call('XGROUP', 'DELCONSUMER', stream, group, me)`;

/** ARGV: a prefix, and how long a consumer of that name must have been silent. Removes those that hold nothing. */
export const sweep = `${library}
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
  local name, held, idle = consumer[2], consumer[4], consumer[6]
  if held == 0 and idle > tonumber(ARGV[4]) and string.sub(name, 1, #ARGV[3]) == ARGV[3] then
    redis.call('XGROUP', 'DELCONSUMER', stream, group, name)
  end
end`;
