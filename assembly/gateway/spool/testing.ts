/** The queues alone, for a host whose folder is a fake one. */
export { cabiRealloc as cabi_realloc } from "../memory";
export { allocate, resetArena } from "../memory";
export { afterCommit } from "../store/batch";
export { fold } from "../store/fold";
export { useFolder } from "../store/store";
export { claim, depth, eventBytes, eventSize, leave, lookAt, put, settle, useQueues } from "./queue";
