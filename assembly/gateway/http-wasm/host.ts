/** What the adapter asks of the gateway, which knows by the import for which guest that is. */

import { allocate } from "../memory";
import { put, putNumber } from "../text";

// @ts-ignore: decorator
@external("cap_host", "log")
export declare function log(level: i32, at: usize, length: i32): void;
// @ts-ignore: decorator
@external("cap_host", "clock")
export declare function clock(): f64;
// @ts-ignore: decorator
@external("cap_host", "random")
export declare function random(at: usize, length: i32): void;
/** Ends the guest where its time is over: its own steps are counted, what it has done for it here is not. */
// @ts-ignore: decorator
@external("cap_host", "tick")
export declare function tick(): void;
/** Ends the guest for what it did. */
// @ts-ignore: decorator
@external("cap_host", "fail")
declare function rawFail(at: usize, length: i32): void;
/** What was known of the guest when the file was built: bits of SETTING. */
// @ts-ignore: decorator
@external("cap_host", "settings")
export declare function settings(): i32;
/** Bytes of a body that it may write. */
// @ts-ignore: decorator
@external("cap_host", "most")
export declare function most(): i32;

/** Does not return. */
export function fail(text: string): void {
  const at = allocate(text.length);
  rawFail(at, <i32>(put(at, text) - at));
}

/** The same with a number, and more behind it. */
export function failAt(text: string, number: u32, behind: string = ""): void {
  const at = allocate(text.length + behind.length + 20);
  rawFail(at, <i32>(put(putNumber(put(at, text), number), behind) - at));
}
