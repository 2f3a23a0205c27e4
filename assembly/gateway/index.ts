/** The gateway's entry: what wasmtime calls. The core's sources, and wasi:* by hand over the canonical ABI. */
import { answer } from "./answer";
import { readCall } from "./call";
import { resetArena } from "./memory";
import { closeSince } from "./wasi/handles";

export { cabiRealloc } from "./memory";

/** wasi:http/incoming-handler: one request, from its head to the end of its answer. */
export function handle(request: i32, out: i32): void {
  resetArena();
  readCall(request, out);
  answer();
  closeSince(0);
}
