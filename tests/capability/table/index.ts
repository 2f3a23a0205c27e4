import { Answer, clock, Request, serve, Step, Write } from "../../../capabilities/guest";

export { cap_abi_version, cap_alloc, cap_handle } from "../../../capabilities/guest/abi";

/** How long the outcome of a request is known, in milliseconds. */
const OUTCOME_MS: f64 = 600_000;

class Item {
  constructor(
    readonly value: Uint8Array,
    readonly etag: string,
    readonly expiresAt: f64,
    readonly listed: bool,
  ) {}
}

class Outcome {
  constructor(
    readonly answer: Answer,
    readonly until: f64,
  ) {}
}

/** A state store in memory that promises all that a package's store may. */
class Table {
  items: Map<string, Item> = new Map();
  outcomes: Map<string, Outcome> = new Map();
  versions: u64 = 0;

  live(key: string): Item | null {
    if (!this.items.has(key)) return null;
    const item = this.items.get(key);
    return item.expiresAt > clock() ? item : null;
  }

  conflicts(write: Write): bool {
    const item = this.live(write.key);
    return write.conflicts(item === null ? null : item.etag);
  }

  apply(write: Write): void {
    if (write.kind == "delete") this.items.delete(write.key);
    if (write.kind != "set") return;
    const ttl = write.ttl;
    const expiresAt = ttl > 0 ? clock() + ttl * 1000 : Infinity;
    const listed = write.field("listed") == "true";
    this.items.set(write.key, new Item(write.body.slice(), (++this.versions).toString(), expiresAt, listed));
  }
}

const tables = new Map<string, Table>();

function tableOf(config: string): Table {
  if (!tables.has(config)) tables.set(config, new Table());
  return tables.get(config);
}

serve((request: Request): Step => {
  const table = tableOf(request.config);
  const operation = request.operation;
  if (operation == "get") return told(new Answer(), table.live(request.field("key") || ""));
  if (operation == "bulkGet") return gotAll(table, request.all("key"));
  if (operation == "list") return listed(table, request);
  const id = request.field("request-id");
  if (id !== null && table.outcomes.has(id) && table.outcomes.get(id).until > clock())
    return table.outcomes.get(id).answer;
  const answer = written(table, request);
  if (id !== null) table.outcomes.set(id, new Outcome(answer, clock() + OUTCOME_MS));
  return answer;
});

function told(answer: Answer, item: Item | null): Answer {
  if (item === null) return new Answer(204);
  if (isFinite(item.expiresAt)) answer.header("expires", (<i64>item.expiresAt).toString());
  return answer.header("etag", item.etag).data(item.value);
}

function gotAll(table: Table, keys: string[]): Answer {
  const answer = new Answer();
  for (let i = 0; i < keys.length; i++) {
    const item = table.live(keys[i]);
    if (item === null) answer.item("204");
    else told(answer.item("200"), item);
  }
  return answer;
}

/** In the order of UTF-16, as it is the order of bytes for what the suite writes. */
function listed(table: Table, request: Request): Answer {
  const from = request.field("from") || "";
  const to = request.field("to") || "";
  const keys = table.items.keys();
  keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const answer = new Answer();
  let left = <i32>request.number("limit", 0);
  for (let i = 0; i < keys.length && left > 0; i++) {
    const item = table.live(keys[i]);
    if (keys[i] < from || keys[i] >= to || item === null || !item.listed) continue;
    answer.item(keys[i]);
    left--;
  }
  return answer;
}

function written(table: Table, request: Request): Answer {
  const operation = request.operation;
  const writes = request.writes;
  if (operation == "batch") {
    const answer = new Answer();
    for (let i = 0; i < writes.length; i++) {
      const conflicts = table.conflicts(writes[i]);
      if (!conflicts) table.apply(writes[i]);
      answer.item(conflicts ? "409" : "204");
    }
    return answer;
  }
  if (operation != "transaction") return single(table, request);
  const before = table.items;
  const copy = new Map<string, Item>();
  const keys = before.keys();
  for (let i = 0; i < keys.length; i++) copy.set(keys[i], before.get(keys[i]));
  table.items = copy;
  for (let i = 0; i < writes.length; i++) {
    if (!table.conflicts(writes[i])) table.apply(writes[i]);
    else {
      table.items = before;
      return conflict().header("failed", i.toString());
    }
  }
  return new Answer(204);
}

function conflict(): Answer {
  return Answer.error(409, "ERR_ETAG_MISMATCH", "another ETag is stored");
}

/** `set` and `delete`, whose request is the write. */
function single(table: Table, request: Request): Answer {
  const write = request.asWrite;
  if (table.conflicts(write)) return conflict();
  table.apply(write);
  return new Answer(204);
}
