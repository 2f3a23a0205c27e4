import { Json, JsonKind, quoted, Result } from "../../guest";

/** Where a word is: by document how often, and how many words the document has. */
export class Postings {
  readonly ids: string[] = [];
  readonly counts: i32[] = [];
  readonly lengths: i32[] = [];

  /** As a store has it: `{"id": [count, length]}`. Nothing there, or nothing that can be read, is none. */
  static of(result: Result): Postings {
    const postings = new Postings();
    const json = result.status == 200 ? Json.ofBytes(result.body) : null;
    if (json === null || json.kind != JsonKind.Object) return postings;
    for (let i = 0; i < json.names.length; i++) {
      const pair = json.items[i].items;
      if (pair.length == 2) postings.push(json.names[i], <i32>pair[0].number, <i32>pair[1].number);
    }
    return postings;
  }

  push(id: string, count: i32, length: i32): void {
    this.ids.push(id);
    this.counts.push(count);
    this.lengths.push(length);
  }

  remove(id: string): void {
    const at = this.ids.indexOf(id);
    if (at < 0) return;
    this.ids.splice(at, 1);
    this.counts.splice(at, 1);
    this.lengths.splice(at, 1);
  }

  toJson(): string {
    const parts: string[] = [];
    for (let i = 0; i < this.ids.length; i++) {
      parts.push(quoted(this.ids[i]) + ":[" + this.counts[i].toString() + "," + this.lengths[i].toString() + "]");
    }
    return "{" + parts.join(",") + "}";
  }
}

/** How many documents an index has, and words in all of them. */
export class Totals {
  documents: i32 = 0;
  words: i32 = 0;

  static of(result: Result): Totals {
    const totals = new Totals();
    const json = result.status == 200 ? Json.ofBytes(result.body) : null;
    if (json === null || json.items.length != 2) return totals;
    totals.documents = <i32>json.items[0].number;
    totals.words = <i32>json.items[1].number;
    return totals;
  }

  toJson(): string {
    return "[" + this.documents.toString() + "," + this.words.toString() + "]";
  }
}
