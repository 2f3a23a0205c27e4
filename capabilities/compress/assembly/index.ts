import {
  Answer,
  Call,
  fromBase64,
  Json,
  JsonKind,
  Request,
  Result,
  serve,
  Step,
  Task,
  toBase64,
} from "../../guest";
import { deflate, inflate } from "../../guest/deflate";

export { cap_abi_version, cap_alloc, cap_handle, cap_resume } from "../../guest/abi";

/** A value that is told to be larger is refused: a few bytes can say gigabytes. */
const LARGEST = 8 << 20;

/** Before the base64 of a compressed value; what has no mark is the value, as it was. */
const MARK = "deflate:";

serve((request: Request): Step => {
  const operation = request.operation;
  if (operation == "compress") return Answer.bytes(deflate(request.body));
  if (operation == "decompress") {
    const bytes = inflate(request.body, LARGEST);
    return bytes === null ? refused("the body is no deflate data of at most 8 MiB") : Answer.bytes(bytes);
  }
  const key = request.field("key");
  const store = storeOf(request);
  if (key === null || key.length == 0) return refused("there is no key");
  if (operation == "get") return new Get().ask([Call.stateGet(store, key)]);
  if (operation == "delete") return new Done().ask([conditional(request, Call.stateDelete(store, key))]);
  if (operation != "set") return refused("there is no operation " + operation);
  const stored = MARK + toBase64(deflate(request.body));
  return new Done().ask([conditional(request, Call.stateSet(store, key, bytesOf('"' + stored + '"')))]);
});

/** The store that is wrapped: metadata `store`. */
function storeOf(request: Request): string {
  const metadata = Json.parse(request.config);
  return metadata === null ? "statestore" : metadata.textOf("store", "statestore");
}

function conditional(request: Request, call: Call): Call {
  const passed = ["etag", "ttl", "concurrency"];
  for (let i = 0; i < passed.length; i++) {
    const value = request.field(passed[i]);
    if (value !== null) call.with(passed[i], value);
  }
  return call;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text));
}

function refused(message: string): Answer {
  return Answer.error(400, "ERR_BAD_REQUEST", message);
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
  resume(results: Result[]): Step {
    const result = results[0];
    if (result.status == 204) return new Answer(204);
    if (!result.ok) return new Done().resume(results);
    const stored = Json.ofBytes(result.body);
    if (stored === null || stored.kind != JsonKind.Text || !stored.text.startsWith(MARK)) return broken();
    const compressed = fromBase64(stored.text.substring(MARK.length));
    const value: Uint8Array | null = compressed === null ? null : inflate(compressed, LARGEST);
    if (value === null) return broken();
    const answer = Answer.bytes(value);
    const etag = result.etag;
    return etag === null ? answer : answer.header("etag", etag);
  }
}

function broken(): Answer {
  return Answer.error(500, "ERR_STATE_COMPRESS", "what is stored was not compressed by this package, or is broken");
}
