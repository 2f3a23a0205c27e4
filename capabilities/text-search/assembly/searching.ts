import { Answer, Call, quoted, Result, Step, Task } from "../../guest";
import { failed } from "./indexing";
import { Keys, STORE } from "./keys";
import { Postings, Totals } from "./postings";

/** BM25's usual constants: how soon more of a word says nothing more, and how much a long document is held against it. */
const SATURATION: f64 = 1.2;
const LENGTH: f64 = 0.75;

class Hit {
  score: f64 = 0;
  words: i32 = 0;

  constructor(readonly id: string) {}
}

/** Reads the items of all words at once, and ranks the documents by BM25. */
export class Searching extends Task {
  constructor(
    private readonly keys: Keys,
    private readonly words: string[],
    /** A document has to have all words, not any. */
    private readonly all: bool,
    private readonly limit: i32,
  ) {
    super();
  }

  start(): Step {
    const calls: Call[] = [Call.stateGet(STORE, this.keys.totals)];
    for (let i = 0; i < this.words.length; i++) calls.push(Call.stateGet(STORE, this.keys.word(this.words[i])));
    return this.ask(calls);
  }

  resume(results: Result[]): Step {
    for (let i = 0; i < results.length; i++) if (!results[i].ok) return failed(results[i]);
    const totals = Totals.of(results[0]);
    const average = Math.max(<f64>totals.words / Math.max(totals.documents, 1), 1);
    const hits = new Map<string, Hit>();
    for (let i = 1; i < results.length; i++) this.add(hits, Postings.of(results[i]), totals.documents, average);
    const found: Hit[] = [];
    const candidates = hits.values();
    for (let i = 0; i < candidates.length; i++) {
      if (!this.all || candidates[i].words == this.words.length) found.push(candidates[i]);
    }
    // The best first; of equals the one whose id comes first, so that an answer can be relied on.
    found.sort((a, b) => (a.score != b.score ? (a.score > b.score ? -1 : 1) : a.id < b.id ? -1 : 1));
    const parts: string[] = [];
    for (let i = 0; i < min(found.length, this.limit); i++) {
      parts.push('{"id":' + quoted(found[i].id) + ',"score":' + rounded(found[i].score) + "}");
    }
    return Answer.json('{"total":' + found.length.toString() + ',"hits":[' + parts.join(",") + "]}");
  }

  private add(hits: Map<string, Hit>, postings: Postings, documents: i32, average: f64): void {
    const having = <f64>postings.ids.length;
    const rarity = Math.log(1 + Math.max(<f64>documents - having + 0.5, 0.5) / (having + 0.5));
    for (let i = 0; i < postings.ids.length; i++) {
      const id = postings.ids[i];
      if (!hits.has(id)) hits.set(id, new Hit(id));
      const hit = hits.get(id);
      const count = <f64>postings.counts[i];
      const length = 1 - LENGTH + (LENGTH * <f64>postings.lengths[i]) / average;
      hit.score += (rarity * count * (SATURATION + 1)) / (count + SATURATION * length);
      hit.words++;
    }
  }
}

function rounded(score: f64): string {
  return (Math.round(score * 10_000) / 10_000).toString();
}
