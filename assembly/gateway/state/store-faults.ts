import { literalParameter } from "../reply";
import { CONTENDED, DOUBTFUL, NOT_APPENDED, REMOVED, TOO_LONG } from "../store/faults";
import { forgetFolder, NO_FOLDER } from "../store/open-folder";

/** Faults of wasi:filesystem that have a cause which the operator knows how to remove. */
const ACCESS: i32 = -1;
const QUOTA: i32 = -7;
const FULL: i32 = -24;
const FORBIDDEN: i32 = -32;
const READ_ONLY: i32 = -34;

/** Says what failed in the place of an error's parameter, and uses nothing of it any more. */
export function sayFault(index: i32, fault: i32): void {
  forgetFolder();
  literalParameter(index, faultText(fault));
}

/** What is said of a fault of a store. */
export function faultText(fault: i32): string {
  switch (fault) {
    case NO_FOLDER:
      return "the gateway was given no folder: start it with --dir";
    case ACCESS:
    case FORBIDDEN:
    case READ_ONLY:
      return "the store's folder cannot be written to: check its permissions and how --dir opens it";
    case QUOTA:
    case FULL:
      return "there is no room left for the store's folder";
    case CONTENDED:
      return "too many write at once: try again";
    case DOUBTFUL:
      return "others changed the store's files meanwhile, and it is not known whether this was written: read it";
    case REMOVED:
      return "the store's folder was removed or replaced while it was written to";
    case NOT_APPENDED:
      return "the store's log took no more: check the disk that its folder is on";
    case TOO_LONG:
      return "the store's log is too long to be read: nobody could fold it; check that its folder can be written to";
    default:
      return "the store's folder failed: it was changed by others, or its disk is damaged";
  }
}
