/** Why a connection is not used any further. Its peer may mean anything by what it sends next. */
export const NO_FAULT: i32 = 0;
export const BAD_STATUS_LINE: i32 = 1;
/** A name that is none, a space before its colon, a control character, a line that continues another. */
export const BAD_FIELD: i32 = 2;
/** A carriage return or a line feed that stands alone. */
export const BAD_LINE_END: i32 = 3;
/** Lengths that contradict each other, or a coding that is not `chunked` alone. */
export const BAD_FRAMING: i32 = 4;
export const BAD_CHUNK: i32 = 5;
export const TOO_LONG: i32 = 6;
export const TOO_MANY: i32 = 7;
/** Another protocol, which nobody asked for. */
export const UNASKED_UPGRADE: i32 = 8;
/** The connection ended within the response. */
export const CUT_OFF: i32 = 9;
/** The connection ended before anything came: it may have been idle for too long. */
export const NO_ANSWER: i32 = 10;
