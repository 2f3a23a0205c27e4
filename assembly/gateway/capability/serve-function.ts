/** `/v1.0/functions/<name>`, as of host/capability/functions: a function is called by its name alone. */
import { Call } from "../call";
import { ERR_FUNCTION_NOT_FOUND } from "../errors.gen";
import { allocate } from "../memory";
import { fail, parameter } from "../reply";
import { head } from "../table";
import { same } from "../text";
import { putUuid, UUID_LENGTH } from "../uuid";
import { wholeBody } from "../whole-body";
import { callGuest } from "./call-guest";
import { blamePackage, endGuest } from "./faults";
import { answerWith } from "./guest-answer";
import { addLiteralField } from "./guest-component";
import { addText, beginMessage, REQUEST } from "./message";
import { methodSize, methodText } from "./method-name";
import { addHeader, readBody } from "./read-request";

/** The guest that has a function of this name, the first of several; -1: there is none. */
function guestWith(name: usize, length: i32): i32 {
  const table = head();
  for (let i: u32 = 0; i < table.guestsCount; i++) {
    const guest = table.guest(i);
    for (let j: u32 = 0; j < guest.functionsCount; j++) {
      const one = guest.function(j);
      if (same(one.text, one.textLength, name, length)) return i;
    }
  }
  return -1;
}

export function serveFunction(call: Call, name: usize, length: i32): void {
  const index = guestWith(name, length);
  if (index < 0) {
    parameter(0, name, length);
    return fail(call, ERR_FUNCTION_NOT_FOUND);
  }
  const size = readBody(call);
  if (size < 0) return;
  beginMessage(REQUEST);
  addText(":offer", name, length);
  addLiteralField(":operation", "invoke");
  const id = allocate(UUID_LENGTH);
  putUuid(id);
  addText(":id", id, UUID_LENGTH);
  addText(":method", methodText(), methodSize());
  addText(":query", call.query, call.queryLength);
  addHeader(call, "content-type");
  addText(":body", wholeBody(), size);
  blamePackage();
  const answer = callGuest(index, true);
  if (answer == null || !answerWith(call, answer)) endGuest(index);
}
