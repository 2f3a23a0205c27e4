import { ActorCall, Answer, Request, Result, serve, Step, Task } from "../../../capabilities/guest";

export { cap_abi_version, cap_alloc, cap_handle, cap_resume } from "../../../capabilities/guest/abi";

/** Reads a number of the actor's state, and adds one. */
class Add extends Task {
  constructor(private readonly key: string) {
    super();
  }

  resume(results: Result[]): Step {
    const now = (results[0].status == 200 ? <i32>parseInt(results[0].text) : 0) + 1;
    return new Said(now.toString()).ask([ActorCall.stateSet(this.key, now.toString())]);
  }
}

/** Answers what came of the last call: the text where it went well. */
class Said extends Task {
  constructor(private readonly text: string) {
    super();
  }

  resume(results: Result[]): Step {
    const result = results[0];
    if (!result.ok) return new Answer(result.status).body(result.text);
    return Answer.json(this.text.length == 0 ? result.text : this.text);
  }
}

function add(key: string): Step {
  return new Add(key).ask([ActorCall.stateGet(key)]);
}

serve((request: Request): Step => {
  const operation = request.operation;
  if (request.trigger != "invoke") return add(request.trigger + "s");
  if (operation == "increment") return add("n");
  if (operation == "id") return Answer.json('"' + request.actor + '"');
  if (operation == "remind") return new Said("0").ask([ActorCall.reminder("tick", request.text)]);
  if (operation == "time") return new Said("0").ask([ActorCall.timer("tock", request.text)]);
  if (operation == "ask") return new Said("").ask([ActorCall.invoke("Counter", request.text, "increment")]);
  if (operation == "trap") unreachable();
  return Answer.error(404, "ERR_COUNTER", "there is no " + operation);
});
