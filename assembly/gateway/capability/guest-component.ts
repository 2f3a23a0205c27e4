/** Messages to a guest that is a component, as of host/capability/components/guest-component.ts. */
import { addBytes, addString, addWord, beginText, textLength, textStart } from "../growing-text";
import { allocate } from "../memory";
import { GuestComponent, NONE } from "../records.gen";
import { findSecret, secretLength, secretText } from "../secrets";
import { head } from "../table";
import { put } from "../text";
import { callGuest } from "./call-guest";
import { endGuest } from "./faults";
import { addText, beginMessage, REQUEST } from "./message";
import { FieldList } from "../wasi/fields";
import { guestFailed } from "./faults";
import { more, moreOf, say } from "./sentence";

/** Adds a field whose name and value are literals. */
export function addLiteralField(name: string, value: string): void {
  const at = allocate(value.length);
  put(at, value);
  addText(name, at, value.length);
}

/** Begins the message. Ends the request where the component's secrets are not there. */
export function beginComponent(one: GuestComponent, operation: string): void {
  beginText();
  addWord("{");
  for (let i: u32 = 0; i < one.settingsCount; i++) {
    const setting = one.setting(i);
    if (i) addWord(",");
    addString(setting.name, setting.nameLength);
    addWord(":");
    if (setting.secret == NONE) addString(setting.value, setting.valueLength);
    else if (findSecret(setting.secret)) addString(secretText(), secretLength());
    else refuseSecret(one, setting.secret);
  }
  addWord("}");
  beginMessage(REQUEST);
  addText(":offer", one.type, one.typeLength);
  addLiteralField(":operation", operation);
  addText(":config", textStart(), textLength());
}

function refuseSecret(one: GuestComponent, index: u16): void {
  const secret = head().secret(index);
  say("the environment has no ");
  moreOf(secret.variable, secret.variableLength);
  guestFailed();
  endGuest(one.guest);
}

/** What the component says to the message. Where it fails, the caller is told and the instance ends: this does not return. */
export function askComponent(one: GuestComponent, asks: bool): FieldList {
  const answer = callGuest(one.guest, asks);
  if (answer == null) endGuest(one.guest);
  return answer!;
}
