/**
 * What a scan answers instead of 0. Malformed JSON first, then the wrong shape; the host has one sentence for
 * each. `FIELD` plus a field's number means a value of the wrong type for that field.
 */
export const MORE_MARKS: i32 = 1;

export const EXPECTED_VALUE: i32 = -1;
export const EXPECTED_NAME: i32 = -2;
export const EXPECTED_COLON: i32 = -3;
export const EXPECTED_COMMA: i32 = -4;
export const EXPECTED_END: i32 = -5;
export const CONTROL_IN_STRING: i32 = -6;
export const BAD_ESCAPE: i32 = -7;
export const BAD_UTF8: i32 = -8;
export const BAD_NUMBER: i32 = -9;
export const BAD_LITERAL: i32 = -10;
export const TOO_DEEP: i32 = -11;
export const CUT_OFF: i32 = -12;

export const KEY_REQUIRED: i32 = -20;
export const DUPLICATE_MEMBER: i32 = -21;
export const TOO_MANY_MEMBERS: i32 = -22;

export const FIELD: i32 = -100;
