import { toHex } from "./hex.ts";

/** FIPS 180-4: the first 32 bits of the fractional parts of roots of the first primes. */
function fractions(root: number, count: number): readonly number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) {
    let prime = true;
    for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
    if (prime) found.push((n ** (1 / root) % 1) * 2 ** 32);
  }
  return found;
}

const rotated = (x: number, by: number) => (x >>> by) | (x << (32 - by));

/** What `crypto.subtle` does, for pages that browsers keep it from: those that came over plain http. */
export function plainSha256(bytes: Uint8Array): Uint8Array {
  const constants = Int32Array.from(fractions(3, 64));
  const hash = Int32Array.from(fractions(2, 8));
  const padded = new Uint8Array(((bytes.length + 72) >> 6) << 6);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, bytes.length << 3);
  const words = new Int32Array(64);
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + i * 4);
    for (let i = 16; i < 64; i++) {
      const [a = 0, b = 0] = [words[i - 15], words[i - 2]];
      const s0 = rotated(a, 7) ^ rotated(a, 18) ^ (a >>> 3);
      const s1 = rotated(b, 17) ^ rotated(b, 19) ^ (b >>> 10);
      words[i] = (words[i - 16] as number) + s0 + (words[i - 7] as number) + s1;
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash;
    for (let i = 0; i < 64; i++) {
      const s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
      const t1 = h + s1 + ((e & f) ^ (~e & g)) + (constants[i] as number) + (words[i] as number);
      const t2 = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => {
      hash[i] = (hash[i] as number) + word;
    });
  }
  const out = new DataView(new ArrayBuffer(32));
  hash.forEach((word, i) => {
    out.setInt32(i * 4, word);
  });
  return new Uint8Array(out.buffer);
}

/** In hexadecimal digits. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const { subtle } = crypto as Partial<Crypto>;
  return toHex(
    subtle === undefined ? plainSha256(bytes) : new Uint8Array(await subtle.digest("SHA-256", bytes)),
  );
}
