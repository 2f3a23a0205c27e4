/** Faults of a store, below those of the host. */

/** What should be a log is none. */
export const NOT_A_LOG: i32 = -100;
/** More than is read: nobody could fold it. */
export const TOO_LONG: i32 = -101;
/** A file is shorter than what names it says, or its bytes are others. */
export const CUT_OFF: i32 = -102;
/** Another folded first, or something came in between. */
export const LOST: i32 = -103;
/** The host did not take an append. */
export const NOT_APPENDED: i32 = -104;
/** A record was appended, and its log is gone before it could be read: it may count, or not. */
export const DOUBTFUL: i32 = -106;
/** The log was taken away while it was written to. */
export const REMOVED: i32 = -107;
/** Others sealed one log after the other. */
export const CONTENDED: i32 = -105;
