import { Answer, clock, Json, Request, serve, Step } from "../../guest";
import { Cache } from "./cache";

export { cap_abi_version, cap_alloc, cap_handle } from "../../guest/abi";

/** What fits into the memory of the manifest, with room for the collector. */
const MAX_BYTES = 16 << 20;
const MAX_ENTRIES = 100_000;

/** Each component has a cache of its own, by its configuration; the operations of HTTP have one. */
const caches = new Map<string, Cache>();

function cacheOf(config: string): Cache {
  if (caches.has(config)) return caches.get(config);
  const metadata = Json.parse(config);
  const entries = metadata === null ? 0 : <i32>parseInt(metadata.textOf("maxEntries", "0"));
  const bytes = metadata === null ? 0 : <i32>parseInt(metadata.textOf("maxBytes", "0"));
  const cache = new Cache(
    entries > 0 ? min(entries, MAX_ENTRIES) : MAX_ENTRIES,
    bytes > 0 ? min(bytes, MAX_BYTES) : MAX_BYTES,
  );
  caches.set(config, cache);
  return cache;
}

serve((request: Request): Step => {
  const cache = cacheOf(request.config);
  const operation = request.operation;
  if (operation == "statistics") return statistics(cache);
  const key = request.field("key");
  if (key === null || key.length == 0) return Answer.error(400, "ERR_BAD_REQUEST", "there is no key");
  if (operation == "get") return got(cache, key);
  if (operation == "set") return set(cache, key, request);
  if (operation == "delete") return deleted(cache, key, request);
  return Answer.error(400, "ERR_BAD_REQUEST", "there is no operation " + operation);
});

function got(cache: Cache, key: string): Step {
  const entry = cache.get(key, clock());
  if (entry === null) return new Answer(204);
  const answer = Answer.bytes(entry.value).header("etag", entry.etag);
  return isFinite(entry.expiresAt) ? answer.header("expires", (<i64>entry.expiresAt).toString()) : answer;
}

/** Whether what is stored is not what the caller knows. */
function conflicts(cache: Cache, key: string, request: Request): bool {
  const etag = request.field("etag");
  const stored = cache.peek(key, clock());
  if (etag !== null && etag.length > 0) return stored === null || stored.etag != etag;
  return request.field("concurrency") == "first-write" && stored !== null;
}

function set(cache: Cache, key: string, request: Request): Step {
  if (conflicts(cache, key, request)) return Answer.error(409, "ERR_ETAG_MISMATCH", "another ETag is stored");
  const ttl = request.number("ttl", 0);
  // A copy: the body lies in the message, which would be kept with it.
  const value = request.body.slice();
  const kept = cache.set(key, value, ttl > 0 ? clock() + ttl * 1000 : Infinity);
  return kept ? new Answer(204) : Answer.error(413, "ERR_TOO_LARGE", "the value is larger than the whole cache");
}

function deleted(cache: Cache, key: string, request: Request): Step {
  if (conflicts(cache, key, request)) return Answer.error(409, "ERR_ETAG_MISMATCH", "another ETag is stored");
  cache.delete(key);
  return new Answer(204);
}

function statistics(cache: Cache): Step {
  return Answer.json(
    '{"entries":' + cache.size.toString() +
      ',"bytes":' + cache.bytes.toString() +
      ',"hits":' + cache.hits.toString() +
      ',"misses":' + cache.misses.toString() +
      ',"evicted":' + cache.evicted.toString() + "}",
  );
}
