import { Answer, Call, clock, fromBase64, Json, log, random, Request, Result, serve, Step, Task, toBase64 } from "../../../capabilities/guest";

export { cap_abi_version, cap_alloc, cap_handle, cap_resume } from "../../../capabilities/guest/abi";

/** Says what came of its calls, one line each. */
class Told extends Task {
  resume(results: Result[]): Step {
    const lines: string[] = [];
    for (let i = 0; i < results.length; i++) {
      const etag = results[i].etag;
      lines.push(results[i].status.toString() + " " + (results[i].ok ? "ok" : "not ok") + " " + results[i].text + " " + (etag === null ? "-" : etag));
    }
    return Answer.text(lines.join("\n"));
  }
}

function bytes(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text));
}

function calls(): Call[] {
  return [
    Call.stateGet("store", "a/b"),
    Call.stateSet("store", "a", bytes('{"n":1}')).with("etag", "7").with("ttl", "60"),
    Call.stateDelete("store", "a").with("etag", "7"),
    Call.stateTransaction("store", '{"operations":[{"operation":"delete","request":{"key":"a"}}]}'),
    Call.publish("pubsub", "orders", bytes("{}")).with("content-type", "application/json"),
    Call.invoke("app", "do/it?x=1", "POST").body(bytes("body")),
    Call.fetch("https://example.com/a", "PUT").with("accept", "text/plain").text("body"),
  ];
}

serve((request: Request): Step => {
  const operation = request.operation;
  if (operation == "calls") return new Told().ask(calls());
  if (operation == "no calls") return new Told().ask([]);
  if (operation == "trap") unreachable();
  if (operation == "local") {
    log("it is " + clock().toString());
    return Answer.text(toBase64(random(3)));
  }
  if (operation == "base64") {
    const decoded = fromBase64(request.text);
    return decoded === null ? Answer.error(400, "ERR_BASE64", "none") : Answer.bytes(decoded);
  }
  const state = request.state("counter");
  const known = Json.parse(request.config);
  return new Answer(201)
    .header("x-offer", request.offer)
    .header("x-query", request.query)
    .header("x-state", state === null ? "nothing" : String.UTF8.decodeUnsafe(state.dataStart, state.length))
    .header("x-config", known === null ? "none" : known.textOf("a", "no a"))
    .header("x-number", request.number("number", 7).toString())
    .body(request.method + " " + request.path + " " + request.text);
});
