/** Messages to a guest that is a component, as of host/capability/components/guest-component.ts. */
import { escape, GROWTH } from "../../json/escape";
import { allocate } from "../memory";
import { FEATURE_HANDLER, GuestComponent, Header, NONE } from "../records.gen";
import { findSecret, secretLength, secretText } from "../secrets";
import { head } from "../table";
import { put } from "../text";
import { FieldList } from "../wasi/fields";
import { callGuest } from "./call-guest";
import { endGuest, guestFailed } from "./faults";
import { addText, beginMessage, REQUEST } from "./message";
import { moreOf, say } from "./sentence";

/** Adds a field whose name and value are literals. */
export function addLiteralField(name: string, value: string): void {
  const at = allocate(value.length);
  put(at, value);
  addText(name, at, value.length);
}

/** Begins the message. Ends the request where the component's secrets are not there. */
export function beginComponent(one: GuestComponent, operation: string): void {
  beginMessage(REQUEST);
  addText(":offer", one.type, one.typeLength);
  addLiteralField(":operation", operation);
  if (one.features & FEATURE_HANDLER) {
    takeValue(one, one.setting(0));
    addText(":config", value, valueLength);
  } else addConfig(one);
}

function addConfig(one: GuestComponent): void {
  let size = 2;
  for (let i: u32 = 0; i < one.settingsCount; i++) {
    const setting = one.setting(i);
    takeValue(one, setting);
    size += (setting.nameLength + valueLength) * GROWTH + 6;
  }
  const config = allocate(size);
  let end = put(config, "{");
  for (let i: u32 = 0; i < one.settingsCount; i++) {
    const setting = one.setting(i);
    takeValue(one, setting);
    end = put(end, i ? ',"' : '"');
    end += escape(setting.name, setting.nameLength, end, true);
    end = put(end, '":"');
    end += escape(value, valueLength, end, true);
    end = put(end, '"');
  }
  end = put(end, "}");
  addText(":config", config, <i32>(end - config));
}

let value: usize = 0;
let valueLength: i32 = 0;

/** Finds what a setting says. */
function takeValue(one: GuestComponent, setting: Header): void {
  value = setting.value;
  valueLength = setting.valueLength;
  if (setting.secret == NONE) return;
  if (!findSecret(setting.secret)) refuseSecret(one, setting.secret);
  value = secretText();
  valueLength = secretLength();
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
