/** One value; a link in the order of use. */
class Entry {
  newer: Entry | null = null;
  older: Entry | null = null;

  constructor(
    readonly key: string,
    readonly value: Uint8Array,
    readonly etag: string,
    readonly expiresAt: f64,
  ) {}

  get size(): i32 {
    return sizeOf(this.key, this.value);
  }
}

function sizeOf(key: string, value: Uint8Array): i32 {
  return value.length + key.length * 2 + OVERHEAD;
}

/** Of an entry beside its key and value: objects, links, its place in the map. */
const OVERHEAD = 160;

export { Entry };

/** What was used last stays; what was used least recently makes room. */
export class Cache {
  hits: u32 = 0;
  misses: u32 = 0;
  evicted: u32 = 0;
  bytes: i32 = 0;
  private readonly entries: Map<string, Entry> = new Map();
  private newest: Entry | null = null;
  private oldest: Entry | null = null;
  private versions: u64 = 0;

  constructor(
    /** Entries, and bytes of all of them, that are kept. */
    private readonly maxEntries: i32,
    private readonly maxBytes: i32,
  ) {}

  get size(): i32 {
    return this.entries.size;
  }

  /** Counts as a use. */
  get(key: string, now: f64): Entry | null {
    const entry = this.peek(key, now);
    if (entry === null) {
      this.misses++;
      return null;
    }
    this.hits++;
    this.unlink(entry);
    this.link(entry);
    return entry;
  }

  /** Is no use. What has expired is not there. */
  peek(key: string, now: f64): Entry | null {
    if (!this.entries.has(key)) return null;
    const entry = this.entries.get(key);
    if (entry.expiresAt > now) return entry;
    this.remove(entry);
    return null;
  }

  /** False: it is larger than all that may be kept. */
  set(key: string, value: Uint8Array, expiresAt: f64): bool {
    if (this.entries.has(key)) this.remove(this.entries.get(key));
    const entry = new Entry(key, value, (++this.versions).toString(), expiresAt);
    if (entry.size > this.maxBytes) return false;
    this.entries.set(key, entry);
    this.bytes += entry.size;
    this.link(entry);
    while (this.bytes > this.maxBytes || this.size > this.maxEntries) {
      this.remove(this.oldest!);
      this.evicted++;
    }
    return true;
  }

  /** Whether it is not larger than all that may be kept. */
  fits(key: string, value: Uint8Array): bool {
    return sizeOf(key, value) <= this.maxBytes;
  }

  keysAfter(prefix: string, after: string): string[] {
    const all = this.entries.keys();
    const keys = new Array<string>();
    for (let i = 0; i < all.length; i++) if (all[i] > after && all[i].startsWith(prefix)) keys.push(all[i]);
    return keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  delete(key: string): void {
    if (this.entries.has(key)) this.remove(this.entries.get(key));
  }

  private remove(entry: Entry): void {
    this.entries.delete(entry.key);
    this.bytes -= entry.size;
    this.unlink(entry);
  }

  private link(entry: Entry): void {
    const newest = this.newest;
    entry.older = newest;
    if (newest !== null) newest.newer = entry;
    else this.oldest = entry;
    this.newest = entry;
  }

  private unlink(entry: Entry): void {
    const newer = entry.newer;
    const older = entry.older;
    if (newer !== null) newer.older = older;
    else this.newest = older;
    if (older !== null) older.newer = newer;
    else this.oldest = newer;
    entry.newer = null;
    entry.older = null;
  }
}
