import type { GuestPlatform } from "../guest-host.ts";

const SECOND = 1_000;

/**
 * A platform that tells nothing, as Dapr's `strictSandbox`: time begins with the present second and moves by a millisecond each time that it is looked
 * at, and chance is the same for every instance.
 */
export function strictPlatform({ now }: GuestPlatform): GuestPlatform {
  let time = Math.floor(now() / SECOND) * SECOND;
  let seed = 1;
  return {
    now() {
      time += 1;
      return time;
    },
    random(bytes) {
      // Xorshift of 32 bits.
      for (let i = 0; i < bytes.length; i += 1) {
        seed ^= seed << 13;
        seed ^= seed >>> 17;
        seed ^= seed << 5;
        bytes[i] = seed;
      }
      return bytes;
    },
  };
}
