import { escape, GROWTH } from "../../json/escape";
import { answerInside } from "../answer";
import { A_SCRIPTS, Call, call } from "../call";
import { asGateway } from "../door/caller";
import { allocate } from "../memory";
import { AGAIN, DISCARD, drain, SKIP } from "../spool/drain";
import { configured } from "../table";
import { begins, copy, is, letter, put } from "../text";
import { HAS_FOLDER } from "../variant";
import { argument, argumentLength, readArguments } from "../wasi/command";
import { Field } from "../wasi/fields";
import { GET, HEAD, OTHER, POST } from "../wasi/incoming";
import { encode, ENCODED_GROWTH } from "../wire-path";
import { beginOutput, complain, hasFailed } from "./output";

/** Methods by their numbers on wasi:http. */
const PUT: i32 = 3;
const DELETE: i32 = 4;
const OPTIONS: i32 = 6;
const PATCH: i32 = 8;

const EQUALS: u8 = 0x3d;

const USAGE: string =
  "say what to do: drain [--again|--discard] [--skip]; or --capability state|invoke|publish|secret, --action save|get|delete, and --store, --key, --value [--json] [--etag] [--ttl]; or --app, --method, --verb, --data; or --pubsub, --topic, --data; or --store, --name";

/** The value of the last option that was found. */
let text: usize = 0;
let length: i32 = 0;
let count: i32 = 0;

/** `wasmtime run`: one call of the API by its options, in the gateway's own name. Answers the exit code. */
export function runScript(): i32 {
  beginOutput(false, "");
  if (!configured()) complain("this file has no configuration: build it with `daprlet gateway build`");
  else if (HAS_FOLDER && isDraining()) {
    asGateway();
    if (areKnown(2)) drain((has("--again") ? AGAIN : has("--discard") ? DISCARD : 0) | (has("--skip") ? SKIP : 0));
  } else if (prepare()) {
    asGateway();
    answerInside();
  }
  return hasFailed() ? 1 : 0;
}

function isDraining(): bool {
  count = readArguments();
  return count > 1 && is(argument(1), argumentLength(1), "drain");
}

/** Makes the call that the options ask for. False where they ask for none; then it was said why. */
function prepare(): bool {
  count = readArguments();
  if (!areKnown(1)) return false;
  const request = call();
  memory.fill(changetype<usize>(request), 0, offsetof<Call>());
  request.request = A_SCRIPTS;
  request.out = -1;
  if (!option("--capability")) return misused(USAGE);
  if (is(text, length, "state")) return state(request);
  if (is(text, length, "invoke")) return invocation(request);
  if (is(text, length, "publish")) return publishing(request);
  if (is(text, length, "secret")) return secret(request);
  return misused("--capability is state, invoke, publish or secret");
}

function state(request: Call): bool {
  if (!option("--store")) return misused("--store is missing: the name of the state store");
  if (!option("--key")) return misused("--key is missing");
  if (!option("--action")) return misused("--action is missing: save, get or delete");
  const saves = is(text, length, "save");
  if (!saves && !is(text, length, "get") && !is(text, length, "delete")) {
    return misused("--action of state is save, get or delete");
  }
  const deletes = is(text, length, "delete");
  beginOutput(true, saves || deletes ? "" : "there is no item of this key");
  request.method = saves ? POST : deletes ? DELETE : GET;
  beginPath("/v1.0/state/");
  segment("--store");
  if (saves) return item(request);
  end = put(end, "/");
  segment("--key");
  endPath(request);
  if (deletes && option("--etag")) guardedBy(request);
  return true;
}

/** The body of a save. */
function item(request: Call): bool {
  endPath(request);
  if (!option("--value")) return misused("--value is missing");
  let size = length * GROWTH + 128;
  if (option("--key")) size += length * GROWTH;
  if (option("--etag")) size += length * GROWTH;
  if (option("--ttl")) size += length * GROWTH;
  request.given = allocate(size);
  end = put(request.given, '[{"key":');
  quoted("--key");
  end = put(end, ',"value":');
  if (has("--json") && option("--value")) end = copy(end, text, length);
  else quoted("--value");
  if (option("--etag")) {
    end = put(end, ',"etag":');
    quoted("--etag");
  }
  if (option("--ttl")) {
    end = put(end, ',"metadata":{"ttlInSeconds":');
    quoted("--ttl");
    end = put(end, "}");
  }
  end = put(end, "}]");
  request.givenLength = <i32>(end - request.given);
  return true;
}

function invocation(request: Call): bool {
  if (!option("--app")) return misused("--app is missing: the id of the app to call");
  if (!option("--method")) return misused("--method is missing: the path at the app");
  beginPath("/v1.0/invoke/");
  segment("--app");
  end = put(end, "/method/");
  // A path and a query of the caller's own: it is passed as it is written.
  if (option("--method")) {
    if (load<u8>(text) == 0x2f) {
      text++;
      length--;
    }
    end = copy(end, text, length);
  }
  endPath(request);
  const given = body(request);
  request.method = given ? POST : GET;
  if (option("--verb")) {
    request.method = methodOf();
    request.methodText = text;
    request.methodLength = length;
  }
  return true;
}

/** The number of the method that the last option names. */
function methodOf(): i32 {
  if (is(text, length, "GET")) return GET;
  if (is(text, length, "HEAD")) return HEAD;
  if (is(text, length, "POST")) return POST;
  if (is(text, length, "PUT")) return PUT;
  if (is(text, length, "DELETE")) return DELETE;
  if (is(text, length, "OPTIONS")) return OPTIONS;
  return is(text, length, "PATCH") ? PATCH : OTHER;
}

function publishing(request: Call): bool {
  if (!option("--pubsub")) return misused("--pubsub is missing: the name of the pub/sub");
  if (!option("--topic")) return misused("--topic is missing");
  beginPath("/v1.0/publish/");
  segment("--pubsub");
  end = put(end, "/");
  segment("--topic");
  endPath(request);
  request.method = POST;
  body(request);
  return true;
}

function secret(request: Call): bool {
  if (!option("--store")) return misused("--store is missing: the name of the secret store");
  if (!option("--name")) return misused("--name is missing: the name of the secret");
  beginPath("/v1.0/secrets/");
  segment("--store");
  end = put(end, "/");
  segment("--name");
  endPath(request);
  request.method = GET;
  return true;
}

function body(request: Call): bool {
  if (!option("--data")) return false;
  request.given = text;
  request.givenLength = length;
  return true;
}

/** Whether the options from that one on are such as the usage names: a write without its misspelt condition would do harm. */
function areKnown(first: i32): bool {
  for (let i = first; i < count; i++) {
    const at = argument(i);
    const whole = argumentLength(i);
    let size = 0;
    while (size < whole && load<u8>(at + <usize>size) != EQUALS) size++;
    if (!isInUsage(at, size)) {
      complain(" is no option here: call it without any to see what there is", at, size);
      return false;
    }
    // The options of `drain` have no values, nor has this one.
    if (size == whole && first == 1 && !is(at, size, "--json")) i++;
  }
  return true;
}

function isInUsage(at: usize, length: i32): bool {
  if (!begins(at, length, "--")) return false;
  for (let i = 0; i + length <= USAGE.length; i++) {
    let alike = 0;
    while (alike < length && letter(USAGE, i + alike) == load<u8>(at + <usize>alike)) alike++;
    if (alike == length && (i + length == USAGE.length || !isLetter(letter(USAGE, i + length)))) return true;
  }
  return false;
}

function isLetter(character: u8): bool {
  return character >= 0x61 && character <= 0x7a;
}

/** Finds `--name value` or `--name=value`; the last one counts. */
function option(name: string): bool {
  let found = false;
  for (let i = 1; i < count; i++) {
    const at = argument(i);
    const size = argumentLength(i);
    if (is(at, size, name)) {
      if (i + 1 == count) continue;
      i++;
      text = argument(i);
      length = argumentLength(i);
      found = true;
    } else if (size > name.length && load<u8>(at + <usize>name.length) == EQUALS && is(at, name.length, name)) {
      text = at + <usize>(name.length + 1);
      length = size - name.length - 1;
      found = true;
    }
  }
  return found;
}

function has(name: string): bool {
  for (let i = 1; i < count; i++) if (is(argument(i), argumentLength(i), name)) return true;
  return false;
}

let path: usize = 0;
let end: usize = 0;

function beginPath(start: string): void {
  let size = start.length + 64;
  for (let i = 1; i < count; i++) size += argumentLength(i) * ENCODED_GROWTH;
  path = allocate(size);
  end = put(path, start);
}

/** Adds the value of an option as one segment. */
function segment(name: string): void {
  if (option(name)) end = encode(end, text, length, true);
}

function endPath(request: Call): void {
  request.path = path;
  let stop = path;
  while (stop < end && load<u8>(stop) != 0x3f) stop++;
  request.pathLength = <i32>(stop - path);
  request.query = min(stop + 1, end);
  request.queryLength = <i32>(end - request.query);
}

function quoted(name: string): void {
  if (!option(name)) return;
  end = put(end, '"');
  end += <usize>escape(text, length, end, true);
  end = put(end, '"');
}

/** The one field that a script's call can have: `if-match`, with the option that was found. */
function guardedBy(request: Call): void {
  const field = allocate(offsetof<Field>() + 8);
  const one = changetype<Field>(field);
  one.name = field + offsetof<Field>();
  one.nameLength = 8;
  put(one.name, "if-match");
  one.value = text;
  one.valueLength = length;
  request.firstField = field;
  request.fieldCount = 1;
}

function misused(sentence: string): bool {
  complain(sentence);
  return false;
}
