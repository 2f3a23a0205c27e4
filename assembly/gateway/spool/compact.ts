import { fold } from "../store/fold";
import { runBytes } from "../store/runs";
import { refresh } from "../store/store";

/** What is gone may take up as much, and four times what is there. */
const LITTLE: u64 = 1048576;

/** Gives the disk back what events took that are gone, where `kept` bytes of others are there. */
export function compact(kept: u64): void {
  if (refresh() || runBytes() < LITTLE + 4 * kept) return;
  // What the first replaces, readers may be at until the second.
  if (!fold(true)) fold(true);
}
