import { add, begin, CHUNKED, endHead, NO_BODY } from "../http1/request";
import { put } from "../text";
import { GET, HEAD, OTHER } from "../wasi/incoming";
import { Exchange } from "./exchange";

const METHOD: usize = memory.data(8, 1);

/** Writes the head of an exchange's request. False where it is none that can be sent. */
export function writeHead(x: Exchange): bool {
  const upstream = x.upstream;
  const text = x.method == OTHER ? x.methodText : METHOD;
  const length = x.method == OTHER ? x.methodLength : <i32>(put(METHOD, methodName(x.method)) - METHOD);
  if (!begin(text, length, x.path, x.pathLength, upstream.authority, upstream.authorityLength)) return false;
  const fields = x.fields;
  for (let i = 0; i < fields.count; i++) {
    const field = fields.at(i);
    if (!add(field.name, field.nameLength, field.value, field.valueLength)) return false;
  }
  let framing: i64 = x.bodyLength >= 0 ? x.bodyLength : CHUNKED;
  // Of no body nothing is said where nobody expects one.
  if (!x.hasBody && (x.method == GET || x.method == HEAD)) framing = NO_BODY;
  endHead(framing);
  return true;
}

function methodName(method: i32): string {
  switch (method) {
    case 0:
      return "GET";
    case 1:
      return "HEAD";
    case 2:
      return "POST";
    case 3:
      return "PUT";
    case 4:
      return "DELETE";
    case 5:
      return "CONNECT";
    case 6:
      return "OPTIONS";
    case 7:
      return "TRACE";
    default:
      return "PATCH";
  }
}
