import { Answer, clock, Json, Request, serve, Step, Write } from "../../guest";
import { Cache, Entry } from "./cache";

export { cap_abi_version, cap_alloc, cap_handle } from "../../guest/abi";

/** What fits into the memory of the manifest, with room for the collector. */
const MAX_BYTES = 16 << 20;
const MAX_ENTRIES = 100_000;

/** Of one answer to a scan. */
const PAGE_BYTES = 1 << 20;

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
  if (operation == "bulkGet") return gotAll(cache, request.all("key"));
  if (operation == "scan") return scanned(cache, request.field("prefix") || "", request.field("after") || "");
  if (operation == "transaction") return transacted(cache, request.writes);
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

function gotAll(cache: Cache, keys: string[]): Step {
  const answer = new Answer();
  for (let i = 0; i < keys.length; i++) {
    const entry = cache.get(keys[i], clock());
    if (entry === null) {
      answer.item("204");
      continue;
    }
    told(answer.item("200"), entry);
  }
  return answer;
}

/** What begins with a prefix, after a key, in the order of keys: as much as one answer has room for. It is no use of it. */
function scanned(cache: Cache, prefix: string | null, after: string | null): Step {
  const keys = cache.keysAfter(prefix!, after!);
  const some = new Array<Entry>();
  let bytes = 0;
  let more = false;
  for (let i = 0; i < keys.length; i++) {
    const entry = cache.peek(keys[i], clock());
    if (entry === null) continue;
    if (some.length > 0 && bytes + entry.size > PAGE_BYTES) {
      more = true;
      break;
    }
    bytes += entry.size;
    some.push(entry);
  }
  const answer = new Answer();
  if (more) answer.header("more", "true");
  for (let i = 0; i < some.length; i++) told(answer.item(some[i].key), some[i]);
  return answer;
}

function told(answer: Answer, entry: Entry): Answer {
  answer.header("etag", entry.etag);
  if (isFinite(entry.expiresAt)) answer.header("expires", (<i64>entry.expiresAt).toString());
  return answer.data(entry.value);
}

/** Nothing is changed before it is known that all can be. */
function transacted(cache: Cache, writes: Write[]): Step {
  const changed = new Map<string, string | null>();
  for (let i = 0; i < writes.length; i++) {
    const write = writes[i];
    const entry = cache.peek(write.key, clock());
    const stored: string | null = entry === null ? null : entry.etag;
    // What the transaction itself writes has an ETag that nobody knows.
    if (write.conflicts(changed.has(write.key) ? changed.get(write.key) : stored))
      return Answer.error(409, "ERR_ETAG_MISMATCH", "another ETag is stored").header("failed", i.toString());
    if (!cache.fits(write.key, write.body)) return tooLarge();
    changed.set(write.key, write.kind == "delete" ? null : "");
  }
  for (let i = 0; i < writes.length; i++) {
    const write = writes[i];
    if (write.kind == "delete") cache.delete(write.key);
    else if (write.kind == "set") cache.set(write.key, write.body.slice(), expiry(write.ttl));
  }
  return new Answer(204);
}

function expiry(ttl: f64): f64 {
  return ttl > 0 ? clock() + ttl * 1000 : Infinity;
}

function tooLarge(): Step {
  return Answer.error(413, "ERR_TOO_LARGE", "the value is larger than the whole cache");
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
  // A copy: the body lies in the message, which would be kept with it.
  const value = request.body.slice();
  const kept = cache.set(key, value, expiry(request.number("ttl", 0)));
  return kept ? new Answer(204) : tooLarge();
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
