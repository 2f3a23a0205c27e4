import { ChaCha20 } from "./chacha20";
import { Poly1305 } from "./poly1305";

export const NONCE = 12;
const TAG = 16;

/** The tag of a text under ChaCha20-Poly1305 (RFC 8439, 2.8). */
function tagOf(cipher: ChaCha20, text: Uint8Array, from: i32, to: i32, context: Uint8Array): StaticArray<u64> {
  const key = changetype<usize>(cipher.block(0));
  const authenticator = new Poly1305(key, load<u64>(key, 16), load<u64>(key, 24));
  authenticator.padded(context, 0, context.length);
  authenticator.padded(text, from, to);
  authenticator.lengths(context.length, to - from);
  return authenticator.tag();
}

/** Nonce, text, tag. The context is not in it, and must be the same when it is opened. */
export function seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, context: Uint8Array): Uint8Array {
  const cipher = new ChaCha20(key, nonce);
  const sealed = new Uint8Array(NONCE + plain.length + TAG);
  sealed.set(nonce);
  cipher.apply(plain, sealed, NONCE);
  const end = NONCE + plain.length;
  const tag = tagOf(cipher, sealed, NONCE, end, context);
  store<u64>(sealed.dataStart + end, tag[0]);
  store<u64>(sealed.dataStart + end, tag[1], 8);
  return sealed;
}

/** Null where anything of it was changed, or key or context are others. */
export function open(key: Uint8Array, sealed: Uint8Array, context: Uint8Array): Uint8Array | null {
  const end = sealed.length - TAG;
  if (end < NONCE) return null;
  const cipher = new ChaCha20(key, sealed.subarray(0, NONCE));
  const tag = tagOf(cipher, sealed, NONCE, end, context);
  // In one time, wherever they differ.
  const difference = (load<u64>(sealed.dataStart + end) ^ tag[0]) | (load<u64>(sealed.dataStart + end, 8) ^ tag[1]);
  if (difference != 0) return null;
  const plain = new Uint8Array(end - NONCE);
  cipher.apply(sealed.subarray(NONCE, end), plain, 0);
  return plain;
}
