import { Call } from "../call";
import { ERR_MALFORMED_REQUEST, MALFORMED_SAVE } from "../errors.gen";
import { allocate } from "../memory";
import { fail, literalParameter, parameter } from "../reply";
import { SCAN_FAULTS } from "../scan-faults.gen";
import { copy, put, putNumber } from "../text";
import { CUT_OFF, readWhole, TOO_LARGE, wholeBody } from "../whole-body";
import { readItems } from "./items";
import { faultPlace, scanBody } from "./scan-body";

/** Answers that a body cannot be understood; a save's message is the cause alone. */
export function malformed(call: Call, saves: bool, cause: string): void {
  literalParameter(0, cause);
  fail(call, saves ? MALFORMED_SAVE : ERR_MALFORMED_REQUEST);
}

/** Reads the body: its length, or -1 where the caller was told why not. */
export function readBody(call: Call, saves: bool): i32 {
  const length = readWhole(call);
  if (length >= 0) return length;
  if (length == TOO_LARGE) malformed(call, saves, "stream too large: the body is larger than the gateway takes");
  else if (length == CUT_OFF) malformed(call, saves, "the body ended before it was complete");
  else malformed(call, saves, "the body did not come in time");
  return -1;
}

/** Reads and scans the body as that shape: false where the caller was told what is wrong with it. */
export function readShape(call: Call, shape: i32, root: string, saves: bool): bool {
  const length = readBody(call, saves);
  if (length < 0) return false;
  const fault = scanBody(shape, wholeBody(), length);
  if (!fault) return true;
  sayScanFault(fault, root);
  fail(call, saves ? MALFORMED_SAVE : ERR_MALFORMED_REQUEST);
  return false;
}

/** Reads the items of the body into their records. */
export function readRequest(call: Call, shape: i32, root: string, saves: bool): bool {
  if (!readShape(call, shape, root, saves)) return false;
  readItems(wholeBody(), !saves);
  return true;
}

/** As the runtime words it: what was expected, and the byte at which something else was. */
function sayScanFault(fault: i32, root: string): void {
  const text = allocate(160);
  let end = text;
  for (let at = SCAN_FAULTS; ; ) {
    const length = <i32>load<u8>(at, 2);
    if (!length) {
      end = put(put(end, "expected "), root);
      break;
    }
    if (<i32>load<i16>(at) == fault) {
      end = copy(end, at + 3, length);
      break;
    }
    at += 3 + <usize>length;
  }
  end = putNumber(put(end, " at byte "), <u64>faultPlace());
  parameter(0, text, <i32>(end - text));
}
