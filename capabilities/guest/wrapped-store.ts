import { Answer } from "./answer";
import { Call } from "./call";
import { Json, JsonKind } from "./json";
import { Request } from "./request";
import { Result } from "./result";
import { Step, Task } from "./step";

/** What a state store does with the values of another one. */
export abstract class Wrapping {
  /** A value as text that the other store keeps. */
  abstract wrap(value: Uint8Array): string;
  /** The value again; null where the text was not made by `wrap`. */
  abstract unwrap(text: string): Uint8Array | null;
  /** What is said where it was not. */
  abstract refusal(): Answer;
}

/** Does what a state store is asked with the values of the store that the component's metadata `store` names. */
export function wrappedStore(request: Request, metadata: Json | null, key: string, wrapping: Wrapping): Step {
  const store = metadata === null ? "statestore" : metadata.textOf("store", "statestore");
  // A component's keys have bars after the app id, which no key may have that an app asks for.
  const inner = key.replaceAll("%", "%25").replaceAll("|", "%7C");
  const operation = request.operation;
  if (operation == "get") return new Get(wrapping).ask([Call.stateGet(store, inner)]);
  if (operation == "delete") return new Done().ask([conditional(request, Call.stateDelete(store, inner))]);
  if (operation != "set") return Answer.error(400, "ERR_BAD_REQUEST", "there is no operation " + operation);
  const value = String.UTF8.encode('"' + wrapping.wrap(request.body) + '"');
  return new Done().ask([conditional(request, Call.stateSet(store, inner, Uint8Array.wrap(value)))]);
}

function conditional(request: Request, call: Call): Call {
  const passed = ["etag", "ttl", "concurrency"];
  for (let i = 0; i < passed.length; i++) {
    const value = request.field(passed[i]);
    if (value !== null) call.with(passed[i], value);
  }
  return call;
}

/** What the wrapped store answered is the answer. */
class Done extends Task {
  resume(results: Result[]): Step {
    const result = results[0];
    if (result.ok) return new Answer(204);
    const error = result.field(":error");
    return Answer.error(result.status, error === null ? "ERR_STATE_STORE" : error, result.text);
  }
}

class Get extends Task {
  constructor(private readonly wrapping: Wrapping) {
    super();
  }

  resume(results: Result[]): Step {
    const result = results[0];
    if (result.status == 204) return new Answer(204);
    if (!result.ok) return new Done().resume(results);
    const stored = Json.ofBytes(result.body);
    const isText = stored !== null && stored.kind == JsonKind.Text;
    const value: Uint8Array | null = isText ? this.wrapping.unwrap(stored!.text) : null;
    if (value === null) return this.wrapping.refusal();
    const answer = Answer.bytes(value);
    const etag = result.etag;
    if (etag !== null) answer.header("etag", etag);
    const expires = result.field("expires");
    return expires === null ? answer : answer.header("expires", expires);
  }
}
