import { Answer, Call, Request, Result, serve, Step, Task } from "../../../capabilities/guest";

export { cap_abi_version, cap_alloc, cap_handle, cap_resume } from "../../../capabilities/guest/abi";

/** An actor's part of its sidecar's API. */
function apiOf(id: string, what: string): string {
  return "/v1.0/actors/Counter/" + id + "/" + what;
}

/** Reads a number of the actor's state, and adds one. */
class Add extends Task {
  constructor(
    private readonly id: string,
    private readonly key: string,
  ) {
    super();
  }

  resume(results: Result[]): Step {
    const now = ((results[0].status == 200 ? <i32>parseInt(results[0].text) : 0) + 1).toString();
    const operation = '[{"operation":"upsert","request":{"key":"' + this.key + '","value":' + now + "}}]";
    return new Said(now).ask([Call.sidecar(apiOf(this.id, "state"), "POST").text(operation)]);
  }
}

/** Answers what came of the last call: the text where it went well. */
class Said extends Task {
  constructor(private readonly text: string) {
    super();
  }

  resume(results: Result[]): Step {
    const result = results[0];
    if (!result.ok) return new Answer(500).body(result.status.toString() + " " + result.text);
    return Answer.json(this.text.length == 0 ? result.text : this.text);
  }
}

function add(id: string, key: string): Step {
  return new Add(id, key).ask([Call.sidecar(apiOf(id, "state/" + key))]);
}

function asks(path: string, body: string): Step {
  return new Said("").ask([Call.sidecar(path, "POST").with("content-type", "application/json").text(body)]);
}

/** A web server that hosts actors by Dapr's own routes, as any app does. */
serve((request: Request): Step => {
  if (request.path == "/dapr/config") return Answer.json('{"entities":["Counter"]}');
  const parts = request.path.split("/");
  if (parts.length < 4 || parts[1] != "actors") return new Answer(404);
  if (request.method == "DELETE") return new Answer();
  const id = parts[3];
  const method = parts.slice(5).join("/");
  if (method == "increment") return add(id, "n");
  if (method == "remind/tick") return add(id, "reminders");
  if (method == "timer/tock") return add(id, "timers");
  if (method == "remind") return asks(apiOf(id, "reminders/tick"), request.text);
  if (method == "time") return asks(apiOf(id, "timers/tock"), request.text);
  if (method == "ask") return asks(apiOf(request.text, "method/increment"), "");
  if (method == "trap") unreachable();
  return new Answer(404);
});
