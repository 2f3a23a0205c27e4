const LIMB = 0x3ff_ffff;

/** Poly1305 (RFC 8439, 2.5), in five limbs of 26 bits: products of two, five of them added up, stay below 2^64. */
export class Poly1305 {
  private r0: u64 = 0;
  private r1: u64 = 0;
  private r2: u64 = 0;
  private r3: u64 = 0;
  private r4: u64 = 0;
  private h0: u64 = 0;
  private h1: u64 = 0;
  private h2: u64 = 0;
  private h3: u64 = 0;
  private h4: u64 = 0;
  private readonly block: StaticArray<u8> = new StaticArray<u8>(16);

  /** The two halves of a key that is used once. */
  constructor(
    r: usize,
    private readonly s0: u64,
    private readonly s1: u64,
  ) {
    this.r0 = load<u32>(r) & 0x3ff_ffff;
    this.r1 = (load<u32>(r, 3) >> 2) & 0x3ff_ff03;
    this.r2 = (load<u32>(r, 6) >> 4) & 0x3ff_c0ff;
    this.r3 = (load<u32>(r, 9) >> 6) & 0x3f0_3fff;
    this.r4 = (load<u32>(r, 12) >> 8) & 0x00f_ffff;
  }

  /** Bytes, and zeros up to the next sixteen, as the construction with ChaCha20 pads. */
  padded(bytes: Uint8Array, from: i32, to: i32): void {
    const block = changetype<usize>(this.block);
    for (let at = from; at < to; at += 16) {
      const count = min(16, to - at);
      memory.fill(block, 0, 16);
      memory.copy(block, bytes.dataStart + at, count);
      this.add(block);
    }
  }

  lengths(first: u64, second: u64): void {
    const block = changetype<usize>(this.block);
    store<u64>(block, first);
    store<u64>(block, second, 8);
    this.add(block);
  }

  private add(block: usize): void {
    const h0 = this.h0 + (load<u32>(block) & LIMB);
    const h1 = this.h1 + ((load<u32>(block, 3) >> 2) & LIMB);
    const h2 = this.h2 + ((load<u32>(block, 6) >> 4) & LIMB);
    const h3 = this.h3 + ((load<u32>(block, 9) >> 6) & LIMB);
    const h4 = this.h4 + ((load<u32>(block, 12) >> 8) | (1 << 24));
    const r0 = this.r0;
    const r1 = this.r1;
    const r2 = this.r2;
    const r3 = this.r3;
    const r4 = this.r4;
    let d0 = h0 * r0 + 5 * (h1 * r4 + h2 * r3 + h3 * r2 + h4 * r1);
    let d1 = h0 * r1 + h1 * r0 + 5 * (h2 * r4 + h3 * r3 + h4 * r2);
    let d2 = h0 * r2 + h1 * r1 + h2 * r0 + 5 * (h3 * r4 + h4 * r3);
    let d3 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + 5 * (h4 * r4);
    let d4 = h0 * r4 + h1 * r3 + h2 * r2 + h3 * r1 + h4 * r0;
    d1 += d0 >> 26;
    d2 += d1 >> 26;
    d3 += d2 >> 26;
    d4 += d3 >> 26;
    d0 = (d0 & LIMB) + (d4 >> 26) * 5;
    this.h0 = d0 & LIMB;
    this.h1 = (d1 & LIMB) + (d0 >> 26);
    this.h2 = d2 & LIMB;
    this.h3 = d3 & LIMB;
    this.h4 = d4 & LIMB;
  }

  /** The sixteen bytes of the tag. */
  tag(): StaticArray<u64> {
    let h1 = this.h1;
    let h2 = this.h2 + (h1 >> 26);
    h1 &= LIMB;
    let h3 = this.h3 + (h2 >> 26);
    h2 &= LIMB;
    let h4 = this.h4 + (h3 >> 26);
    h3 &= LIMB;
    let h0 = this.h0 + (h4 >> 26) * 5;
    h4 &= LIMB;
    h1 += h0 >> 26;
    h0 &= LIMB;
    // Less 2^130 - 5, if it is not less than that already.
    const g0 = h0 + 5;
    const g1 = h1 + (g0 >> 26);
    const g2 = h2 + (g1 >> 26);
    const g3 = h3 + (g2 >> 26);
    const g4 = h4 + (g3 >> 26);
    const reduced: u64 = 0 - (g4 >> 26);
    h0 = (h0 & ~reduced) | (g0 & LIMB & reduced);
    h1 = (h1 & ~reduced) | (g1 & LIMB & reduced);
    h2 = (h2 & ~reduced) | (g2 & LIMB & reduced);
    h3 = (h3 & ~reduced) | (g3 & LIMB & reduced);
    h4 = (h4 & ~reduced) | (g4 & LIMB & reduced);
    const low = h0 | (h1 << 26) | (h2 << 52);
    const high = (h2 >> 12) | (h3 << 14) | (h4 << 40);
    const tag = new StaticArray<u64>(2);
    tag[0] = low + this.s0;
    tag[1] = high + this.s1 + <u64>(tag[0] < low);
    return tag;
  }
}
