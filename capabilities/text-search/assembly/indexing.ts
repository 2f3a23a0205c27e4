import { Answer, Call, Json, JsonKind, quoted, Result, Step, Task } from "../../guest";
import { Keys, STORE } from "./keys";
import { Postings, Totals } from "./postings";

/** Different words of one document that are kept: each is an item of the store. */
export const MOST_WORDS = 400;

/** How often a change is begun anew when others changed the index meanwhile. */
const TRIES = 8;

/** How often each word comes in a document, in the order of their first. */
export class Counts {
  readonly words: string[] = [];
  readonly counts: i32[] = [];
  length: i32 = 0;
  private readonly places: Map<string, i32> = new Map();

  add(word: string, count: i32): void {
    this.length += count;
    if (this.places.has(word)) {
      this.counts[this.places.get(word)] += count;
      return;
    }
    if (this.words.length == MOST_WORDS) return;
    this.places.set(word, this.words.length);
    this.words.push(word);
    this.counts.push(count);
  }

  countOf(word: string): i32 {
    return this.places.has(word) ? this.counts[this.places.get(word)] : 0;
  }

  /** As a store has it: `[length, {"word": count}]`. */
  static of(result: Result): Counts {
    const counts = new Counts();
    const json = result.status == 200 ? Json.ofBytes(result.body) : null;
    if (json === null || json.items.length != 2 || json.items[1].kind != JsonKind.Object) return counts;
    const words = json.items[1];
    for (let i = 0; i < words.names.length; i++) counts.add(words.names[i], <i32>words.items[i].number);
    counts.length = <i32>json.items[0].number;
    return counts;
  }

  toJson(): string {
    const parts: string[] = [];
    for (let i = 0; i < this.words.length; i++) parts.push(quoted(this.words[i]) + ":" + this.counts[i].toString());
    return "[" + this.length.toString() + ",{" + parts.join(",") + "}]";
  }
}

/**
 * Puts a document into an index, in the place of the one it had, or takes it out: reads the document's record, then the
 * items of all words that change, then writes them in one transaction that each ETag has to agree with. So an index is
 * never half changed, and two that change it at once both take effect.
 */
export class Indexing extends Task {
  private old: Counts | null = null;
  private oldEtag: string | null = null;
  private words: string[] = [];
  private tries: i32 = 0;
  private writing: bool = false;

  constructor(
    private readonly keys: Keys,
    private readonly id: string,
    /** Null: the document goes. */
    private readonly fresh: Counts | null,
  ) {
    super();
  }

  start(): Step {
    this.old = null;
    this.writing = false;
    return this.ask([Call.stateGet(STORE, this.keys.document(this.id))]);
  }

  resume(results: Result[]): Step {
    if (this.writing) return this.written(results[0]);
    for (let i = 0; i < results.length; i++) if (!results[i].ok) return failed(results[i]);
    const old = this.old;
    return old === null ? this.compare(results[0]) : this.write(results, old);
  }

  /** Only words whose count or document changes are read. */
  private compare(document: Result): Step {
    const old = Counts.of(document);
    this.old = old;
    this.oldEtag = document.status == 200 ? document.etag : null;
    const fresh = this.fresh;
    if (fresh === null && document.status != 200) return new Answer(204);
    this.words = [];
    const sameLength = fresh !== null && fresh.length == old.length;
    for (let i = 0; i < old.words.length; i++) {
      const word = old.words[i];
      if (!sameLength || fresh!.countOf(word) != old.counts[i]) this.words.push(word);
    }
    if (fresh !== null) {
      for (let i = 0; i < fresh.words.length; i++) if (old.countOf(fresh.words[i]) == 0) this.words.push(fresh.words[i]);
      if (this.words.length == 0 && document.status == 200) return new Answer(204);
    }
    const calls: Call[] = [Call.stateGet(STORE, this.keys.totals)];
    for (let i = 0; i < this.words.length; i++) calls.push(Call.stateGet(STORE, this.keys.word(this.words[i])));
    return this.ask(calls);
  }

  private write(results: Result[], old: Counts): Step {
    const operations: string[] = [];
    const totals = Totals.of(results[0]);
    const fresh = this.fresh;
    totals.words += (fresh === null ? 0 : fresh.length) - old.length;
    totals.documents += (fresh === null ? 0 : 1) - (this.oldEtag === null ? 0 : 1);
    operations.push(upsert(this.keys.totals, totals.toJson(), results[0].etag));
    for (let i = 0; i < this.words.length; i++) {
      const word = this.words[i];
      const postings = Postings.of(results[i + 1]);
      postings.remove(this.id);
      const count = fresh === null ? 0 : fresh.countOf(word);
      if (count > 0) postings.push(this.id, count, fresh!.length);
      const etag = results[i + 1].etag;
      const key = this.keys.word(word);
      if (postings.ids.length > 0) operations.push(upsert(key, postings.toJson(), etag));
      else if (etag !== null) operations.push(remove(key, etag));
    }
    const key = this.keys.document(this.id);
    if (fresh !== null) operations.push(upsert(key, fresh.toJson(), this.oldEtag));
    else operations.push(remove(key, this.oldEtag!));
    this.writing = true;
    return this.ask([Call.stateTransaction(STORE, '{"operations":[' + operations.join(",") + "]}")]);
  }

  private written(result: Result): Step {
    if (result.ok) return new Answer(204);
    // Dapr tells no ETag that differs from another failure of a transaction.
    const again = result.status == 409 || result.status == 500;
    return again && ++this.tries < TRIES ? this.start() : failed(result);
  }
}

/** Without an ETag there must be nothing yet. */
function upsert(key: string, value: string, etag: string | null): string {
  const condition = etag === null ? "" : ',"etag":' + quoted(etag);
  return (
    '{"operation":"upsert","request":{"key":' + quoted(key) + ',"value":' + value + condition +
    ',"options":{"concurrency":"first-write"}}}'
  );
}

function remove(key: string, etag: string): string {
  return (
    '{"operation":"delete","request":{"key":' + quoted(key) + ',"etag":' + quoted(etag) +
    ',"options":{"concurrency":"first-write"}}}'
  );
}

export function failed(result: Result): Answer {
  const code = result.field(":error");
  return Answer.error(result.status, code === null ? "ERR_STATE_STORE" : code, result.text);
}
