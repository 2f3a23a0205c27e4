/** How often callers may call: `rateLimit` of the configuration. */
import { xxhash64 } from "../../hash/xxhash64";
import { Call } from "../call";
import { addLiteral, addNamed, beginFields } from "../headers";
import { allocate } from "../memory";
import { RATE_CALLER, RATE_HEADER, RATE_OFF } from "../records.gen";
import { replyWith } from "../reply";
import { head } from "../table";
import { put, putNumber, same } from "../text";
import { now } from "../wasi/clocks";
import { takeToken } from "./buckets";
import { callerId, callerIdLength } from "./caller";
import { addGrants } from "./pages";

/** As Dapr's middleware says it. */
const TOO_MANY = "You have reached maximum request limit.";

/** True where it is the caller's turn; else the request was answered. */
export function hasTurn(call: Call): bool {
  const table = head();
  if (table.rateBy == RATE_OFF) return true;
  const wait = takeToken(keyOf(call), table.rate, table.burst, now());
  if (wait == 0) return true;
  const digits = allocate(20);
  const list = beginFields(0);
  addLiteral(list, "content-type", "text/plain; charset=utf-8");
  addNamed(list, "retry-after", digits, <i32>(putNumber(digits, <u64>ceil(min(wait, 86400))) - digits));
  addGrants(list);
  const body = allocate(TOO_MANY.length);
  put(body, TOO_MANY);
  replyWith(call, 429, list, body, TOO_MANY.length);
  return false;
}

/** Whose bucket it is: everybody's, the caller's, or the one of what a header says. */
function keyOf(call: Call): u64 {
  const table = head();
  let key: u64 = 0;
  if (table.rateBy == RATE_CALLER) key = xxhash64(callerId(), callerIdLength());
  if (table.rateBy == RATE_HEADER) {
    for (let i = 0; i < call.fieldCount; i++) {
      const field = call.fields.at(i);
      if (!same(field.name, field.nameLength, table.rateHeader, table.rateHeaderLength)) continue;
      key = xxhash64(field.value, field.valueLength);
      break;
    }
  }
  return key ? key : 1;
}
