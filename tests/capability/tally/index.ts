import { Answer, Call, Request, Result, serve, Step, Task } from "../../../capabilities/guest";

export { cap_abi_version, cap_alloc, cap_handle, cap_resume } from "../../../capabilities/guest/abi";

const STORE = "statestore";

/** Adds one to what the app's state says under a key. Who was quicker makes it begin anew. */
class Add extends Task {
  constructor(private readonly key: string) {
    super();
  }

  resume(results: Result[]): Step {
    const now = results[0];
    const times = (now.status == 200 ? <i32>parseInt(now.text) : 0) + 1;
    const etag = now.etag;
    const condition = etag === null ? "" : ',"etag":"' + etag + '","options":{"concurrency":"first-write"}';
    const upsert =
      '{"operation":"upsert","request":{"key":"' +
      this.key +
      '","value":' +
      times.toString() +
      condition +
      "}}";
    return new Added(this.key, times).ask([Call.stateTransaction(STORE, '{"operations":[' + upsert + "]}")]);
  }
}

class Added extends Task {
  constructor(
    private readonly key: string,
    private readonly times: i32,
  ) {
    super();
  }

  resume(results: Result[]): Step {
    if (results[0].status == 409) return add(this.key);
    if (!results[0].ok) return Answer.error(503, "ERR_TALLY", results[0].text);
    return Answer.text(this.times.toString());
  }
}

function add(key: string): Step {
  return new Add(key).ask([Call.stateGet(STORE, key)]);
}

/** Counts how often it is called by what: `invoke`, `event`, `binding`, `timer`, `join`. */
serve((request: Request): Step => add(request.operation));
