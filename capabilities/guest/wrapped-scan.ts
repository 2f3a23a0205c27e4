import { Answer } from "./answer";
import { Call } from "./call";
import { Result } from "./result";
import { Step, Task } from "./step";
import { Done, inner, outer, told, unwrapped, Wrapping } from "./wrapping";

/** Items of one page of a scan, at most. */
const PAGE_ITEMS = 512;

/** Bytes of one page: less than an answer may have. */
const PAGE_BYTES = 2 << 20;

/** As many as fitted last. */
let pageItems = PAGE_ITEMS;

/** One page of what begins with a prefix. Where it is too large, before or after it is unwrapped, it has fewer items. */
export class WrappedScan extends Task {
  private asked: i32 = 0;

  constructor(
    private readonly store: string,
    private readonly prefix: string | null,
    private readonly token: string | null,
    private readonly wrapping: Wrapping,
  ) {
    super();
  }

  next(): Step {
    this.asked = pageItems;
    const call = Call.stateScan(this.store, inner(this.prefix!), this.asked);
    const token = this.token;
    return this.ask([token === null ? call : call.with("token", token)]);
  }

  resume(results: Result[]): Step {
    const result = results[0];
    if (!result.ok) return result.field(":error") == "ERR_CAPABILITY_RESULT" && this.asked > 1 ? this.fewer() : new Done().resume(results);
    const answer = new Answer();
    const token = result.field("token");
    if (token !== null) answer.header("more", "true").header("token", token);
    const items = result.items;
    let bytes = 0;
    for (let i = 0; i < items.length; i++) {
      const key = outer(items[i].key);
      const value = unwrapped(items[i], key, this.wrapping);
      if (value === null) return this.wrapping.refusal();
      bytes += value.length;
      if (bytes > PAGE_BYTES && this.asked > 1) return this.fewer();
      told(answer.item(key), items[i]).data(value);
    }
    if (bytes < PAGE_BYTES / 8) pageItems = min(this.asked * 2, PAGE_ITEMS);
    return answer;
  }

  private fewer(): Step {
    pageItems = this.asked / 8 || 1;
    return this.next();
  }
}
