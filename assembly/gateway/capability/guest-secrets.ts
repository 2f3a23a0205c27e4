/**
 * Secret stores that packages are, as of host/capability/components/guest-secret-store.ts. A caller that is known by a token of
 * its own has the secrets whose names begin with its: no caller reads another's.
 */
import { SKIP } from "../../json/fields";
import { Call } from "../call";
import { callersVariables, callersVariablesLength } from "../door/caller";
import { ERR_SECRET_GET, SECRETS_UNREAD } from "../errors.gen";
import { addBytes, addString, addWord, beginText, textLength, textStart } from "../growing-text";
import { skipElement, skipSpace, skipValue, unescapeText } from "../json-text";
import { allocate } from "../memory";
import { GuestComponent, SecretStore } from "../records.gen";
import { reply } from "../reply";
import { mayRead } from "../secret-stores";
import { scanBody } from "../state/scan-body";
import { copy, same } from "../text";
import { Field } from "../wasi/fields";
import { blameComponent, endGuest, tellComponent } from "./faults";
import { statusOf } from "./guest-answer";
import { askComponent, beginComponent } from "./guest-component";
import { addText, fieldNamed } from "./message";
import { moreNumber, say } from "./sentence";

const QUOTE: u8 = 0x22;
const BRACE: u8 = 0x7b;
const BRACE_END: u8 = 0x7d;

/** Answers with a secret's values, as the guest tells them. */
export function secretOfGuest(call: Call, store: SecretStore, key: usize, length: i32): void {
  const one = store.guest(0);
  const own = callersVariablesLength();
  const name = allocate(own + length);
  copy(copy(name, callersVariables(), own), key, length);
  blameComponent(one, ERR_SECRET_GET, true, key, length);
  beginComponent(one, "get");
  addText("key", name, own + length);
  const body = told(call, one);
  if (body == null) return;
  if (!isSecret(skipSpace(body.value))) return tellWrong(call);
  reply(call, 200, "application/json", body.value, body.valueLength);
}

/** Answers with all secrets that the caller may read. */
export function secretsOfGuest(call: Call, store: SecretStore): void {
  const one = store.guest(0);
  blameComponent(one, SECRETS_UNREAD, true);
  beginComponent(one, "bulkGet");
  const body = told(call, one);
  if (body == null) return;
  const object = skipSpace(body.value);
  if (load<u8>(object) != BRACE) return tellWrong(call);
  beginText();
  addWord("{");
  for (let at = skipSpace(object + 1); load<u8>(at) != BRACE_END; ) {
    const end = skipValue(at);
    const secret = skipSpace(skipSpace(end) + 1);
    if (!isSecret(secret)) return tellWrong(call);
    addSecret(store, at, end, secret);
    at = skipElement(secret);
  }
  addWord("}");
  reply(call, 200, "application/json", textStart(), textLength());
}

/** Adds one where the caller may read it. */
function addSecret(store: SecretStore, at: usize, end: usize, secret: usize): void {
  const name = allocate(end - at);
  const own = callersVariablesLength();
  const rest = unescapeText(at + 1, end - 1, name) - own;
  const key = name + <usize>own;
  if (rest < 0 || !same(name, own, callersVariables(), own) || !mayRead(store, key, rest)) return;
  if (textLength() > 1) addWord(",");
  addString(key, rest);
  addWord(":");
  addBytes(secret, <i32>(skipValue(secret) - secret));
}

/** The JSON that the guest answers; null where the caller was told why there is none. What it said is told to nobody. */
function told(call: Call, one: GuestComponent): Field | null {
  const answer = askComponent(one, true);
  const status = statusOf(answer);
  if (status < 0) endGuest(one.guest);
  const body = fieldNamed(answer, ":body");
  if (status == 204 || status == 404) say("there is no such secret");
  else if (status == 403) say("its package refuses to tell the secret");
  else if (status != 200) {
    say("its package answered with status ");
    moreNumber(status);
  } else if (body == null || scanBody(SKIP, body.value, body.valueLength) != 0) sayWrong();
  else return body;
  tellComponent(call);
  return null;
}

/** An object whose members are texts. */
function isSecret(at: usize): bool {
  if (load<u8>(at) != BRACE) return false;
  for (at = skipSpace(at + 1); load<u8>(at) != BRACE_END; ) {
    const value = skipSpace(skipSpace(skipValue(at)) + 1);
    if (load<u8>(value) != QUOTE) return false;
    at = skipElement(value);
  }
  return true;
}

function tellWrong(call: Call): void {
  sayWrong();
  tellComponent(call);
}

function sayWrong(): void {
  say("its package answered with something else than JSON of texts");
}
