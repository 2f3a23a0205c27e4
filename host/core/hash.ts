import type { Core } from "./core.ts";
import type { CoreExports } from "./exports.ts";
import type { Inbox } from "./inbox.ts";

/** A chunk's place in its text, as in `assembly/hash/digest.ts`. */
const first = 1;
const last = 2;

/** Binds the hashes of one instance. */
export function hashes(core: CoreExports, inbox: Inbox): Pick<Core, "xxhash64" | "blake2b512"> {
  /** Puts the text there chunk by chunk; only the last chunk's answer counts. */
  function chunks<T>(bytes: Uint8Array, take: (length: number, place: number) => T): T {
    let at = 0;
    for (let place = first; ; place = 0) {
      const chunk = bytes.subarray(at, at + inbox.size);
      at += chunk.length;
      inbox.put(chunk);
      if (at === bytes.length) return take(chunk.length, place | last);
      take(chunk.length, place);
    }
  }

  return {
    xxhash64: (bytes: Uint8Array) => BigInt.asUintN(64, chunks(bytes, core.xxhash)),

    blake2b512(bytes: Uint8Array): Uint8Array {
      chunks(bytes, core.blake);
      const digest = inbox.result.byteOffset;
      return inbox.bytes.slice(digest, digest + 64);
    },
  };
}
