import { sha256 as plainSha256 } from "@noble/hashes/sha2.js";
import { toHex } from "./hex.ts";

/** In hexadecimal digits. By a library where browsers keep `crypto.subtle` from a page: it came over plain http. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const { subtle } = crypto as Partial<Crypto>;
  return toHex(
    subtle === undefined ? plainSha256(bytes) : new Uint8Array(await subtle.digest("SHA-256", bytes)),
  );
}
