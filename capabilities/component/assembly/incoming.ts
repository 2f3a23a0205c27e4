import { name, nameLength, nextField, openFields, value, valueLength } from "./fields";
import { addHeader } from "./headers";
import { allocate, copied } from "./memory";
import { append, Kind, ofKind, opened, setNumber } from "./records";
import { BODY, HOST, isText, METHOD, packed, PATH, QUERY } from "./words";

/** `resource incoming-request`: the message that came, which is held until it is answered. 4 headers, 8 body. */
const HEADERS = 4;
const CONTENT = 8;

let message: usize = 0;

/** The message as a resource, with its headers and its body as others. */
export function openIncoming(from: usize): i32 {
  message = from;
  const request = opened(Kind.Incoming);
  const fields = opened(Kind.Fields);
  const body = opened(Kind.IncomingBody);
  openFields(message);
  while (nextField()) {
    if (isText(name, nameLength, BODY)) append(body, value, valueLength);
    else if (nameLength > 0 && load<u8>(name) != 0x3a) addHeader(fields, name, nameLength, value, valueLength);
  }
  setNumber(request, HEADERS, fields);
  setNumber(request, CONTENT, body);
  return request;
}

function find(word: u64): bool {
  openFields(message);
  while (nextField()) if (isText(name, nameLength, word)) return true;
  return false;
}

/** `variant method`, by the words that HTTP has for its cases. */
export function caseOf(at: usize, length: i32): i32 {
  const word = packed(at, length);
  if (word == 0x544547) return 0; // GET
  if (word == 0x44414548) return 1; // HEAD
  if (word == 0x54534f50) return 2; // POST
  if (word == 0x545550) return 3; // PUT
  if (word == 0x4554454c4544) return 4; // DELETE
  if (word == 0x5443454e4e4f43) return 5; // CONNECT
  if (word == 0x534e4f4954504f) return 6; // OPTIONS
  if (word == 0x4543415254) return 7; // TRACE
  if (word == 0x4843544150) return 8; // PATCH
  return 9;
}

export function incoming_request_method(request: i32, into: usize): void {
  if (!find(METHOD)) unreachable();
  const which = caseOf(value, valueLength);
  store<u32>(into, which);
  if (which != 9) return;
  store<u32>(into, <u32>copied(value, valueLength), 4);
  store<i32>(into, valueLength, 8);
}

export function incoming_request_path_with_query(request: i32, into: usize): void {
  store<u32>(into, 0);
  if (!find(PATH)) return;
  const path = value;
  const length = valueLength;
  const asked = find(QUERY) && valueLength > 0 ? valueLength + 1 : 0;
  const text = allocate(1, length + asked);
  memory.copy(text, path, length);
  if (asked > 0) {
    store<u8>(text + length, 0x3f);
    memory.copy(text + length + 1, value, asked - 1);
  }
  store<u32>(into, 1);
  store<u32>(into, <u32>text, 4);
  store<i32>(into, length + asked, 8);
}

/** HTTP, as between a sidecar and its app. */
export function incoming_request_scheme(request: i32, into: usize): void {
  store<u32>(into, 1);
  store<u32>(into, 0, 4);
}

/** There is always one: componentize-js takes no request without. */
export function incoming_request_authority(request: i32, into: usize): void {
  store<u32>(into, 1);
  if (find(HOST)) {
    store<u32>(into, <u32>copied(value, valueLength), 4);
    store<i32>(into, valueLength, 8);
    return;
  }
  const text = allocate(1, 16);
  store<u64>(text, 0x736f686c61636f6c);
  store<u8>(text, 0x74, 8);
  store<u32>(into, <u32>text, 4);
  store<i32>(into, 9, 8);
}

export function incoming_request_headers(request: i32): i32 {
  return load<i32>(ofKind(request, Kind.Incoming) + HEADERS);
}

/** `result<own<…>>`: once; the second time it is an error. */
export function takeOnce(at: usize, into: usize): void {
  const handle = load<i32>(at);
  store<u32>(into, handle == 0 ? 1 : 0);
  store<i32>(into, handle, 4);
  store<i32>(at, 0);
}

export function incoming_request_consume(request: i32, into: usize): void {
  takeOnce(ofKind(request, Kind.Incoming) + CONTENT, into);
}
