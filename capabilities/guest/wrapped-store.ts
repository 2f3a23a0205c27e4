import { Answer } from "./answer";
import { Call } from "./call";
import { Json, quoted } from "./json";
import { Request } from "./request";
import { Result } from "./result";
import { Step, Task } from "./step";
import { WrappedScan } from "./wrapped-scan";
import { Done, inner, told, unwrapped, Wrapping } from "./wrapping";
import { Write } from "./write";

/**
 * Does what a state store with ETAG, TTL, TRANSACTIONAL, BULK and QUERY_API is asked, with the values of the store that the component's
 * metadata `store` names.
 */
export function wrappedStore(request: Request, metadata: Json | null, wrapping: Wrapping): Step {
  const store = metadata === null ? "statestore" : metadata.textOf("store", "statestore");
  const operation = request.operation;
  if (operation == "bulkGet") return new GetAll(request.all("key"), wrapping).from(store);
  if (operation == "transaction") return transaction(request.writes, store, wrapping);
  if (operation == "scan") return new WrappedScan(store, request.field("prefix") || "", request.field("token"), wrapping).next();
  const key = request.field("key");
  if (key === null || key.length == 0) return Answer.error(400, "ERR_BAD_REQUEST", "there is no key");
  if (operation == "get") return new Get(key, wrapping).ask([Call.stateGet(store, inner(key))]);
  if (operation == "delete") return new Done().ask([conditional(request, Call.stateDelete(store, inner(key)))]);
  if (operation != "set") return Answer.error(400, "ERR_BAD_REQUEST", "there is no operation " + operation);
  const value = String.UTF8.encode('"' + wrapping.wrap(key, request.body) + '"');
  return new Done().ask([conditional(request, Call.stateSet(store, inner(key), Uint8Array.wrap(value)))]);
}

function conditional(request: Request, call: Call): Call {
  const passed = ["etag", "ttl", "concurrency"];
  for (let i = 0; i < passed.length; i++) {
    const value = request.field(passed[i]);
    if (value !== null) call.with(passed[i], value);
  }
  return call;
}

class Get extends Task {
  constructor(
    private readonly key: string,
    private readonly wrapping: Wrapping,
  ) {
    super();
  }

  resume(results: Result[]): Step {
    const result = results[0];
    if (result.status == 204) return new Answer(204);
    if (!result.ok) return new Done().resume(results);
    const value = unwrapped(result, this.key, this.wrapping);
    if (value === null) return this.wrapping.refusal();
    return told(Answer.bytes(value), result);
  }
}

class GetAll extends Task {
  constructor(
    private readonly keys: string[],
    private readonly wrapping: Wrapping,
  ) {
    super();
  }

  from(store: string): Step {
    const calls: Call[] = [];
    for (let i = 0; i < this.keys.length; i++) calls.push(Call.stateGet(store, inner(this.keys[i])));
    return calls.length == 0 ? new Answer() : this.ask(calls);
  }

  resume(results: Result[]): Step {
    const answer = new Answer();
    for (let i = 0; i < results.length; i++) {
      const result = results[i];
      if (result.status == 204) {
        answer.item("204");
        continue;
      }
      if (!result.ok) return new Done().resume([result]);
      const value = unwrapped(result, this.keys[i], this.wrapping);
      if (value === null) return this.wrapping.refusal();
      told(answer.item("200"), result).data(value);
    }
    return answer;
  }
}

function transaction(writes: Write[], store: string, wrapping: Wrapping): Step {
  const operations: string[] = [];
  for (let i = 0; i < writes.length; i++) {
    const write = writes[i];
    let request = '{"key":' + quoted(inner(write.key));
    const etag = write.etag;
    if (etag !== null) request += ',"etag":' + quoted(etag);
    const concurrency = write.field("concurrency");
    if (concurrency !== null) request += ',"options":{"concurrency":' + quoted(concurrency) + "}";
    const ttl = write.field("ttl");
    if (ttl !== null) request += ',"metadata":{"ttlInSeconds":' + quoted(ttl) + "}";
    const set = write.kind == "set";
    if (set) request += ',"value":"' + wrapping.wrap(write.key, write.body) + '"';
    operations.push('{"operation":"' + (set ? "upsert" : "delete") + '","request":' + request + "}}");
  }
  const call = Call.stateTransaction(store, '{"operations":[' + operations.join(",") + "]}");
  return new Transacted(writes, store).ask([call]);
}

class Transacted extends Task {
  constructor(
    private readonly writes: Write[],
    private readonly store: string,
  ) {
    super();
  }

  resume(results: Result[]): Step {
    if (results[0].status != 409) return new Done().resume(results);
    // The store says that an ETag was another one, and not whose.
    const calls: Call[] = [];
    for (let i = 0; i < this.writes.length; i++) calls.push(Call.stateGet(this.store, inner(this.writes[i].key)));
    return new Blame(this.writes).ask(calls);
  }
}

/** Finds the operation that what is stored now would keep from being done; the first one where there is none any more. */
class Blame extends Task {
  constructor(private readonly writes: Write[]) {
    super();
  }

  resume(results: Result[]): Step {
    const changed = new Map<string, string | null>();
    let failed = 0;
    for (let i = 0; i < this.writes.length; i++) {
      const write = this.writes[i];
      const stored = changed.has(write.key) ? changed.get(write.key) : results[i].etag;
      if (write.conflicts(stored)) {
        failed = i;
        break;
      }
      // Of what the transaction itself writes nobody knows the ETag.
      changed.set(write.key, write.kind == "delete" ? null : "");
    }
    return Answer.error(409, "ERR_ETAG_MISMATCH", "another ETag is stored").header("failed", failed.toString());
  }
}
