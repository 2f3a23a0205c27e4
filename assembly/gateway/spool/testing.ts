/** The queues alone, for a host whose folder is a fake one. */
import { fold as foldLog } from "../store/fold";

export { cabiRealloc as cabi_realloc } from "../arena";
export { allocate, resetArena } from "../memory";
export { afterCommit } from "../store/batch";
export { useFolder } from "../store/store";
export { compact } from "./compact";
export { claim, depth, eventBytes, eventSize, leave, lookAt, put, settle, useQueues } from "./queue";

export function fold(): i32 {
  return foldLog();
}
