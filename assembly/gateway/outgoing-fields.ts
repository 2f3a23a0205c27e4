import { Call, findField } from "./call";
import { callerId, callerIdLength } from "./door/caller";
import { addLiteral, addNamed, forwarded, removeNamed, replace } from "./headers";
import { hop, hopLength } from "./hops";
import { allocate } from "./memory";
import { NONE, PROTOCOL_SIDECAR, Upstream } from "./records.gen";
import { findSecret, secretLength, secretText } from "./secrets";
import { head } from "./table";
import { Target } from "./target";
import { copy, put, putNumber, same } from "./text";
import { traceOnward } from "./trace";
import { Exchange } from "./transport/exchange";
import { HAS_ACTORS, HAS_PACKAGES } from "./variant";
import { FieldList } from "./wasi/fields";

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;

/** Who calls and is called. The host does not tell from where, and what the caller says of that is no fact. */
function addCaller(list: FieldList, call: Call, target: Target): void {
  const table = head();
  const unknown = allocate(7);
  put(unknown, "unknown");
  const told = call.authorityLength > 0;
  const host = told ? call.authority : unknown;
  const hostLength = told ? call.authorityLength : 7;
  const forwarded = allocate(<usize>(2 * hostLength + target.idLength + 32));
  let end = put(forwarded, "for=unknown;by=_");
  end = copy(end, target.id, target.idLength);
  end = putQuoted(put(end, ";host="), host, hostLength);
  addNamed(list, "x-forwarded-for", unknown, 7);
  addNamed(list, "x-forwarded-host", host, hostLength);
  addNamed(list, "forwarded", forwarded, <i32>(end - forwarded));
  addNamed(list, "dapr-caller-app-id", callerId(), callerIdLength());
  addNamed(list, "dapr-caller-namespace", table.namespace, table.namespaceLength);
  addNamed(list, "dapr-callee-app-id", target.id, target.idLength);
}

/** Writes text as a quoted string (RFC 9110 §5.6.4). */
function putQuoted(to: usize, text: usize, length: i32): usize {
  store<u8>(to++, QUOTE);
  for (let at = text, end = text + length; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == QUOTE || byte == BACKSLASH) store<u8>(to++, BACKSLASH);
    store<u8>(to++, byte);
  }
  store<u8>(to, QUOTE);
  return to + 1;
}

/** A daprlet carries out once what has an id: one of another caller must not meet the outcome under the same. */
function ownRequestId(list: FieldList): void {
  const field = findField(list, "daprlet-request-id");
  if (field == null) return;
  const id = allocate(callerIdLength() + 1 + field.valueLength);
  const end = copy(put(copy(id, callerId(), callerIdLength()), "/"), field.value, field.valueLength);
  field.value = id;
  field.valueLength = <i32>(end - id);
}

/**
 * The fields that a request reaches its upstream with: the caller's without what is not theirs to say, who calls and was
 * called where it goes to the app itself, and what the upstream's entry sets. False where that needs a secret that the
 * environment does not have.
 */
export function outgoingFields(call: Call, target: Target, x: Exchange): bool {
  const list = forwarded(call);
  const upstream = x.upstream;
  const table = head();
  traceOnward(list);
  if (target.isEvent) {
    removeNamed(list, "content-type");
    addLiteral(list, "content-type", "application/cloudevents+json");
  }
  // As in daprd, a call of the gateway's own app has no caller but that.
  const own = same(target.id, target.idLength, table.appId, table.appIdLength);
  // What a guest fetches is no call of an app, and tells nobody whose it is.
  const calls = HAS_PACKAGES ? target.idLength != 0 : true;
  if (upstream.protocol == PROTOCOL_SIDECAR) {
    // Whether the page may call was judged at the door: to a sidecar the gateway is a program.
    removeNamed(list, "origin");
    removeNamed(list, "sec-fetch-site");
    ownRequestId(list);
  } else if (calls && !own) addCaller(list, call, target);
  if (HAS_ACTORS && call.placement) {
    const digits = allocate(20);
    addNamed(list, "daprlet-actor", digits, <i32>(putNumber(digits, call.placement - 1) - digits));
  }
  addNamed(list, "via", hop(), hopLength());
  if (!addSettings(list, upstream)) return false;
  x.firstField = list.first;
  x.fieldCount = list.count;
  return true;
}

/** What the upstream's entry sets. False where that needs a secret that the environment does not have. */
export function addSettings(list: FieldList, upstream: Upstream): bool {
  if (upstream.token != NONE) {
    if (!findSecret(upstream.token)) return false;
    addNamed(list, "dapr-api-token", secretText(), secretLength());
  }
  for (let i: u32 = 0; i < upstream.headersCount; i++) {
    const header = upstream.header(i);
    if (header.secret == NONE) {
      replace(list, header.name, header.nameLength, header.value, header.valueLength);
    } else if (findSecret(header.secret)) {
      replace(list, header.name, header.nameLength, secretText(), secretLength());
    } else return false;
  }
  return true;
}
