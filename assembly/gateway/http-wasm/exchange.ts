/** A request and its answer while the guest has them, and the rules of when it may change what. There is one at a time. */
import { HeaderList, newList } from "./header-list";
import { fail, failAt } from "./host";
import { MessageBody, open } from "./message-body";

/** Features that guests may enable. Trailers are none of them: the gateway's messages have none. */
export const BUFFER_REQUEST: i32 = 1;
export const BUFFER_RESPONSE: i32 = 2;

@unmanaged
export class Exchange {
  method: usize;
  methodLength: i32;
  uri: usize;
  uriLength: i32;
  config: usize;
  configLength: i32;
  renamed: bool;
  moved: bool;
  /** The request went on. */
  isAfter: bool;
  statusChanged: bool;
  features: i32;
  /** 0: nobody said. */
  status: i32;
  requestFields: HeaderList;
  responseFields: HeaderList;
  requestBody: MessageBody;
  responseBody: MessageBody;
}

const EXCHANGE: usize = memory.data(offsetof<Exchange>(), 8);
const BODIES: usize = memory.data(2 * offsetof<MessageBody>(), 8);

/** Enabled as the guest started, for every request. */
let always: i32 = 0;
let began: bool = false;

// @ts-ignore: decorator
@inline
function own(): Exchange {
  return changetype<Exchange>(EXCHANGE);
}

/** The exchange that is under way; the guest is ended where it asks for one before there is any. */
export function exchange(): Exchange {
  if (!began) fail("it asks for a request before there is one");
  return own();
}

/** Its configuration is there from the beginning. */
export function setConfig(at: usize, length: i32): void {
  own().config = at;
  own().configLength = length;
}

// @ts-ignore: decorator
@inline
export function configured(): Exchange {
  return own();
}

export function begin(fields: HeaderList, body: usize, length: i32): Exchange {
  const one = own();
  began = true;
  one.renamed = one.moved = one.isAfter = one.statusChanged = false;
  one.features = always;
  one.status = 0;
  one.requestFields = fields;
  one.responseFields = newList();
  one.requestBody = changetype<MessageBody>(BODIES);
  one.responseBody = changetype<MessageBody>(BODIES + offsetof<MessageBody>());
  open(one.requestBody, body, length);
  open(one.responseBody, 0, 0);
  return one;
}

/** The request went on, and this came back; its body was opened before. */
export function answered(one: Exchange, status: i32, fields: HeaderList): void {
  one.isAfter = true;
  one.status = status;
  one.statusChanged = false;
  one.responseFields = fields;
}

/** What is enabled once the request went on has no effect. */
export function enable(wanted: i32): i32 {
  const some = wanted & (BUFFER_REQUEST | BUFFER_RESPONSE);
  if (!began) return (always |= some);
  if (!own().isAfter) own().features |= some;
  return own().features;
}

export function buffersResponse(one: Exchange): bool {
  return (one.features & BUFFER_RESPONSE) != 0;
}

/** Ends the guest where it is too late, as for a response that is on its way to the caller. */
export function mayChange(one: Exchange, isResponse: bool): void {
  if (!one.isAfter) return;
  if (!isResponse) fail("it changes the request after it went on");
  if (!buffersResponse(one)) fail("it changes the response, and did not enable buffer_response");
}

export function mayRead(one: Exchange, isResponse: bool): void {
  if (!one.isAfter) return;
  if (isResponse) {
    if (!buffersResponse(one)) fail("it reads the response's body, and did not enable buffer_response");
  } else if (!(one.features & BUFFER_REQUEST)) fail("it reads the request's body, and did not enable buffer_request");
}

export function statusOf(one: Exchange): i32 {
  if (!buffersResponse(one)) fail("it asks for the status, and did not enable buffer_response");
  return one.status ? one.status : 200;
}

export function setStatus(one: Exchange, status: u32): void {
  mayChange(one, true);
  if (status < 200 || status > 599) failAt("it answers with the status ", status);
  one.status = status;
  one.statusChanged = true;
}
