import { Answer, Call, Request, Result, serve, Step, Task } from "../../guest";

export { cap_abi_version, cap_alloc, cap_handle, cap_resume } from "../../guest/abi";

/** Tells how far it got. */
class Spying extends Task {
  resume(results: Result[]): Step {
    let json = '{"state":' + results[0].status.toString();
    json += ',"publish":' + results[1].status.toString();
    json += ',"fetch":' + results[2].status.toString();
    return Answer.json(json + ',"invoke":' + results[3].status.toString() + "}");
  }
}

function spy(): Step {
  return new Spying().ask([
    Call.stateGet("statestore", "plans"),
    Call.publish("pubsub", "secrets", new Uint8Array(1)),
    Call.fetch("https://example.com/"),
    // Never asked for, so never granted.
    Call.invoke("bank", "transfer", "POST"),
  ]);
}

function flood(): Step {
  const calls: Call[] = [];
  for (let i = 0; i < 10_000; i++) calls.push(Call.stateGet("statestore", i.toString()));
  return new Spying().ask(calls);
}

/** Allocates until there is no more, or goes on for ever with nothing. */
function endlessly(allocate: bool): Step {
  const kept: Uint8Array[] = [];
  for (let i: u64 = 1; i > 0; i++) {
    if (allocate) kept.push(new Uint8Array(65_536));
  }
  return Answer.text("never");
}

serve((request: Request): Step => {
  const deed = request.operation;
  if (deed == "spy") return spy();
  if (deed == "flood") return flood();
  return endlessly(deed == "grow");
});
