import {
  type Operation,
  OUTCOME_TTL_MS,
  type WriteBatch,
  type WriteOutcome,
} from "../../../components/state/store.ts";
import { ComponentError, ETagError } from "../../../errors/component-error.ts";
import { LISTED_KEY } from "./list-script.ts";
import { INDEX_FUNCTIONS } from "./query/index-scripts.ts";

/** What the script does beside the items, for the queries of a store that declares indexes. */
export interface IndexArguments {
  readonly declaration: string;
  argumentsOf(key: string, value: Uint8Array | undefined): readonly (string | Buffer)[];
}

/** Holds the highest version that an item had which may be gone: what is created goes on from it. No app's key begins so. */
const VERSIONS_KEY = "||daprlet||versions";
const OUTCOME_PREFIX = "||daprlet||outcome||";

/**
 * Batches of operations on Dapr's hashes (`data`, `version` and, where it was asked for, `first-write`), one after the
 * other. An atomic batch is decided before its first effect, Redis runs no command between, and keeps no half of a
 * script on its disk: all of the batch is there, or nothing.
 *
 * KEYS: the highest version, the keys that are listed, then for each batch its outcome record, if it has a name, and its
 * operations' keys.
 * ARGV: what is declared, where items are indexed, or nothing; then for each batch a head: `a` for atomic or `e`, `r`
 * if its outcome is recorded, the number of operations. For each operation a head: `s` set, `c` create, `e` set and `x`
 * delete with an ETag, `d` delete, `k` check an ETag, `n` check that nothing is there; `f` for Dapr's mark of a first
 * write; `l` for a key to list; milliseconds to live. Behind it the ETag, the value, and where items are indexed the record, how many entries follow, and sets and members in turn.
 * Answers one string for each batch: for each operation `.` where it was applied, else `m`; or `!` and what went wrong.
 */
export const WRITE_SCRIPT = `
${INDEX_FUNCTIONS}
local nextKey, nextArg = 3, 2
local function key() nextKey = nextKey + 1 return KEYS[nextKey - 1] end
local function arg() nextArg = nextArg + 1 return ARGV[nextArg - 1] end

local highest, stored
local function versions()
  if not highest then
    stored = tonumber(redis.call('GET', KEYS[1]) or 0)
    highest = stored
  end
  return highest
end
local function retire(version)
  local number = tonumber(version)
  if number and number > versions() then highest = number end
end

-- What is stored under a key, as the operations of this batch before have left it.
local function look(seen, name)
  local state = seen[name]
  if state then return state end
  local version = redis.pcall('HGET', name, 'version')
  if type(version) == 'table' then
    if not string.find(version.err, 'WRONGTYPE', 1, true) then error(version) end
    state = { exists = true, other = true }
  elseif version then state = { exists = true, version = version }
  else state = { exists = redis.call('EXISTS', name) == 1 } end
  seen[name] = state
  return state
end

-- Asked once: most databases list no keys.
local listing
local function unlist(name)
  if listing == nil then listing = redis.call('EXISTS', KEYS[2]) == 1 end
  if listing then redis.call('ZREM', KEYS[2], name) end
end

local function set(operation)
  local name, version = operation.key, operation.version
  if operation.replaces.other then redis.call('DEL', name) end
  if operation.mark then redis.call('HSET', name, 'data', operation.value, 'version', version, 'first-write', '0')
  else redis.call('HSET', name, 'data', operation.value, 'version', version) end
  if operation.ttl ~= '' then
    redis.call('PEXPIRE', name, operation.ttl)
    retire(version)
  elseif operation.replaces.exists then redis.call('PERSIST', name) end
  if operation.listed then
    redis.call('ZADD', KEYS[2], 0, name)
    listing = true
  end
  if operation.record then remember(operation.record, name, version .. ARGV[1], operation.members) end
end

local function apply(operation)
  if operation.value then return set(operation) end
  if operation.mode ~= 'd' then return end
  if operation.replaces.exists then
    redis.call('DEL', operation.key)
    unlist(operation.key)
  end
  if operation.record then forget(operation.record, operation.key) end
end

local function read()
  local mode, mark, listed, ttl = string.match(arg(), '^(%a)(f?)(l?)(%d*)$')
  local operation = { key = key(), mode = mode, mark = mark == 'f', listed = listed == 'l', ttl = ttl }
  if mode == 'e' or mode == 'x' or mode == 'k' then operation.etag = arg() end
  if mode == 's' or mode == 'c' or mode == 'e' then operation.value = arg() end
  if mode == 'x' then operation.mode = 'd' end
  if ARGV[1] ~= '' then
    operation.record, operation.members = arg(), {}
    for i = 1, tonumber(arg()) do operation.members[i] = arg() end
  end
  return operation
end

-- Whether the operation may be applied; notes what will be stored then.
local function decide(seen, operation)
  local state = look(seen, operation.key)
  if operation.etag and state.version ~= operation.etag then return false end
  if (operation.mode == 'c' or operation.mode == 'n') and state.exists then return false end
  if operation.mode == 'k' or operation.mode == 'n' then return true end
  operation.replaces = state
  if operation.mode == 'd' then
    if state.version then retire(state.version) end
    seen[operation.key] = { exists = false }
    return true
  end
  local current = state.version and tonumber(state.version) or versions()
  operation.version = string.format('%.0f', current + 1)
  seen[operation.key] = { exists = true, version = operation.version }
  return true
end

local function run(operations, atomic)
  local outcome, seen = {}, {}
  local before = versions()
  for i, operation in ipairs(operations) do
    outcome[i] = '.'
    if not decide(seen, operation) then
      outcome[i] = 'm'
      if atomic then
        highest = before
        for rest = i + 1, #operations do outcome[rest] = '.' end
        return table.concat(outcome)
      end
    elseif not atomic then apply(operation) end
  end
  if atomic then for _, operation in ipairs(operations) do apply(operation) end end
  if highest > stored then
    redis.call('SET', KEYS[1], string.format('%.0f', highest))
    stored = highest
  end
  return table.concat(outcome)
end

local function batch()
  local kind, recorded, count = string.match(arg(), '^(%a)(r?)(%d+)$')
  local record = recorded == 'r' and key()
  local operations = {}
  for i = 1, tonumber(count) do operations[i] = read() end
  local ok, answer = pcall(function()
    local earlier = record and redis.call('GET', record)
    if earlier then return earlier end
    local outcome = run(operations, kind == 'a')
    if record then redis.call('SET', record, outcome, 'PX', ${OUTCOME_TTL_MS}) end
    return outcome
  end)
  if ok then return answer end
  return '!' .. (type(answer) == 'table' and answer.err or answer)
end

local answers = {}
while nextArg <= #ARGV do answers[#answers + 1] = batch() end
return answers
`;

/** The keys and arguments of {@link WRITE_SCRIPT}. */
export interface WriteArguments {
  readonly keys: string[];
  readonly args: (string | Buffer)[];
}

export function writeArguments(
  batches: readonly WriteBatch[],
  defaultTtlSeconds: number,
  index: IndexArguments | undefined,
): WriteArguments {
  const keys: string[] = [VERSIONS_KEY, LISTED_KEY];
  const args: (string | Buffer)[] = [index === undefined ? "" : index.declaration];
  for (const { operations, atomic, requestId } of batches) {
    args.push(`${atomic ? "a" : "e"}${requestId === undefined ? "" : "r"}${operations.length}`);
    if (requestId !== undefined) keys.push(OUTCOME_PREFIX + requestId);
    for (const operation of operations) {
      keys.push(operation.key);
      addOperation(args, operation, defaultTtlSeconds);
      const value = operation.kind === "upsert" ? operation.value : undefined;
      if (index !== undefined) args.push(...index.argumentsOf(operation.key, value));
    }
  }
  return { keys, args };
}

function addOperation(args: (string | Buffer)[], operation: Operation, defaultTtlSeconds: number): void {
  const { kind, etag } = operation;
  if (kind !== "upsert") {
    const [plain, guarded] = kind === "delete" ? ["d", "x"] : ["n", "k"];
    if (etag === undefined) args.push(plain);
    else args.push(guarded, etag);
    return;
  }
  const { value, listed = false, ttlInSeconds = defaultTtlSeconds } = operation;
  const first = operation.concurrency === "first-write";
  const mode = etag !== undefined ? "e" : first ? "c" : "s";
  args.push(`${mode}${first ? "f" : ""}${listed ? "l" : ""}${ttlInSeconds > 0 ? ttlInSeconds * 1000 : ""}`);
  if (etag !== undefined) args.push(etag);
  args.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
}

/** What the script answered for a batch. Throws what Redis said where it failed, and a ComponentError for a false record. */
export function writeOutcome({ operations }: WriteBatch, answer: string): WriteOutcome {
  if (answer.startsWith("!")) throw Object.assign(new Error(answer.slice(1)), { name: "ReplyError" });
  if (answer.length !== operations.length) {
    throw new ComponentError("INVALID_ARGUMENT", "the request's id was used for another request before");
  }
  return operations.map(({ kind, key, etag }, i) => {
    if (answer[i] === ".") return undefined;
    // Dapr's ETags are version numbers here.
    return new ETagError(
      kind === "check" || etag === undefined || /^[+-]?\d+$/.test(etag) ? "mismatch" : "invalid",
      key,
    );
  });
}
