/** What is made of the answers of a store of another sidecar whose keys have other names there. */
import { SKIP } from "../../json/fields";
import { Call } from "../call";
import { addBytes, addString, addWord, beginText, reserve, textLength, textStart } from "../growing-text";
import { memberOf, skipElement, skipSpace, skipValue, unescapeText } from "../json-text";
import { allocate } from "../memory";
import { printAnswer, reply, replyMade } from "../reply";
import { answerBytes } from "../transport/transport";
import { CALLER_FAULT, Exchange, FAILURE_TOO_LARGE, MOVED } from "../transport/exchange";
import { FIELDS, gave } from "../wasi/handles";
import { bodyLimit } from "../whole-body";
import { nameSize, nameText, readName } from "./remote-names";
import { scanBody } from "./scan-body";

/** It is passed on as it comes, but for a script, which prints it. */
export const AS_IT_IS: i32 = 1;
/** A list of items; an object with one as its `results`. */
export const BULK: i32 = 2;
export const QUERY: i32 = 3;

const QUOTE: u8 = 0x22;
const OPENING: u8 = 0x5b;
const CLOSING: u8 = 0x5d;
const BRACE: u8 = 0x7b;
const NULL: u8 = 0x6e;

const PIECE: i32 = 65536;

/** False where the answer to a query is that there is nothing. */
let finds: bool = true;

/** True where the answer is to be read whole. */
export function isReadWhole(call: Call, status: i32): bool {
  if (call.answerAs == 0) return false;
  return call.isScript || (call.answerAs != AS_IT_IS && status == 200);
}

/** Adds what there is of the answer to the text that was begun. */
export function takeBytes(x: Exchange): i32 {
  // What was read lies where the next allocation would be.
  reserve(PIECE);
  const step = answerBytes(x);
  if (step != MOVED) return step;
  if (textLength() + x.moved > bodyLimit()) {
    x.failure = FAILURE_TOO_LARGE;
    return CALLER_FAULT;
  }
  addBytes(x.data, x.moved);
  return MOVED;
}

/** Makes of the text what the caller is told. False where it is not what it should be. */
export function remake(call: Call, status: i32): bool {
  finds = true;
  return call.answerAs <= AS_IT_IS || status != 200 || makeText(call.answerAs);
}

/** Answers with what is made of the text, and these fields. False where it is not what it should be. */
export function giveAnswer(call: Call, status: i32, fields: i32): bool {
  if (!remake(call, status)) return false;
  if (!finds) reply(call, 204, "", 0, 0);
  else if (call.isScript) printAnswer(call, status, textStart(), textLength());
  else replyMade(call, status, gave(FIELDS, fields), textStart(), textLength());
  return true;
}

/** Puts the same with the caller's keys in the place of the text. */
function makeText(kind: i32): bool {
  const body = textStart();
  const length = textLength();
  if (length == 0 || scanBody(SKIP, body, length)) return false;
  const first = skipSpace(body);
  let list = first;
  let token: usize = 0;
  if (kind == QUERY) {
    if (load<u8>(first) != BRACE) return false;
    list = memberOf(first, "results");
    if (list == 0 || load<u8>(list) == NULL) return true;
    token = memberOf(first, "token");
  }
  if (load<u8>(list) != OPENING) return false;
  beginText();
  addBytes(body, <i32>(list - body));
  // As of a store that has nothing of it; with a token there may be more.
  finds = addItems(list) || kind != QUERY || token != 0;
  const rest = skipValue(list);
  addBytes(rest, <i32>(body + <usize>length - rest));
  return true;
}

/** Adds the items of a list that are the caller's: whether there are any. */
function addItems(list: usize): bool {
  addWord("[");
  let comma = false;
  for (let at = skipSpace(list + 1); load<u8>(at) != CLOSING; at = skipElement(at)) {
    const key = load<u8>(at) == BRACE ? memberOf(at, "key") : 0;
    if (key == 0 || load<u8>(key) != QUOTE) continue;
    const end = skipValue(key);
    const text = allocate(end - key);
    if (!readName(text, unescapeText(key + 1, end - 1, text))) continue;
    if (comma) addWord(",");
    comma = true;
    addBytes(at, <i32>(key - at));
    addString(nameText(), nameSize());
    addBytes(end, <i32>(skipValue(at) - end));
  }
  addWord("]");
  return comma;
}
