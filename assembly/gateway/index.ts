/** The gateway's entry: what wasmtime calls. The core's sources, and wasi:* by hand over the canonical ABI. */
import { answer } from "./answer";
import { call, readCall } from "./call";
import { beginExcess, readExcess } from "./excess";
import { beginMeasures, countAnswer } from "./measures";
import { resetArena } from "./memory";
import { mergeCounters } from "./merge-counters";
import { runScript } from "./script/run-script";
import { deliverWaiting } from "./spool/deliver";
import { HAS_FOLDER } from "./variant";
import { closeSince } from "./wasi/handles";

export { guestClock, guestFail, guestLog, guestRandom, guestTick, guestTrap } from "./capability/guest-imports";
export { cabiRealloc } from "./arena";

/** wasi:cli/run: one call by the command's options. 0: it succeeded. */
export function run(): i32 {
  resetArena();
  const code = runScript();
  closeSince(0);
  return code;
}

/** wasi:http/incoming-handler: one request, from its head to the end of its answer. */
export function handle(request: i32, out: i32): void {
  resetArena();
  beginMeasures();
  beginExcess();
  readCall(request, out);
  answer();
  readExcess();
  countAnswer(call().status);
  closeSince(0);
  if (HAS_FOLDER) {
    deliverWaiting();
    mergeCounters();
  }
}
