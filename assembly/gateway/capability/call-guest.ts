import { head } from "../table";
import { now } from "../wasi/clocks";
import { FieldList } from "../wasi/fields";
import { converse } from "./converse";
import { forgetFaults } from "./faults";
import { limitTime } from "./guest-imports";
import { addPrepared, limitCalls } from "./host-calls";
import { limitResults } from "./results";

const MILLISECOND: u64 = 1000000;

/** Hands the message to a guest, which may ask for calls or not, and answers what it says. Null: it failed. */
export function callGuest(index: u32, asks: bool): FieldList | null {
  const guest = head().guest(index);
  const until = now() + <u64>guest.timeMs * MILLISECOND;
  forgetFaults();
  limitTime(until);
  limitCalls(asks ? guest.calls : 0);
  limitResults(guest.memory);
  if (asks) addPrepared(guest, until);
  return converse(guest, index, until);
}
