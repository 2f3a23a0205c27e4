/** Marks a token that is no literal: its length less 3 in bits 16 to 23, its distance less 1 in the low 15. */
export const MATCH: u32 = 0x8000_0000;

const WINDOW = 32_768;
const HASH_BITS = 15;
const SHORTEST = 3;
const LONGEST = 258;
/** How many earlier places are compared, and from which length on none is looked for any more. */
const CHAIN = 48;
const GOOD = 96;

/** Finds what came before, by chains of places whose next three bytes have one hash. */
export class Matcher {
  /** The latest place of each hash, and before each place the one with its hash; places are counted from 1. */
  private readonly heads: StaticArray<i32> = new StaticArray<i32>(1 << HASH_BITS);
  private readonly earlier: StaticArray<i32> = new StaticArray<i32>(WINDOW);

  constructor(private readonly input: Uint8Array) {}

  /** Literals and matches for a part of the input; parts come in their order. */
  tokens(from: i32, to: i32): u32[] {
    const tokens: u32[] = [];
    for (let at = from; at < to; ) {
      const found = this.find(at, to);
      const length = lengthOf(found);
      this.remember(at);
      // Where a longer one begins a byte later, this byte stands for itself.
      const later = length > 0 && length < GOOD ? lengthOf(this.find(at + 1, to)) : 0;
      if (length == 0 || later > length) {
        tokens.push(this.input[at++]);
        continue;
      }
      tokens.push(found);
      for (let i = 1; i < length; i++) this.remember(at + i);
      at += length;
    }
    return tokens;
  }

  /** The longest match for what begins here, or 0. */
  private find(at: i32, to: i32): u32 {
    const most = min(to - at, LONGEST);
    if (most < SHORTEST) return 0;
    const input = this.input.dataStart;
    let best = SHORTEST - 1;
    let distance = 0;
    let place = this.heads[this.hash(at)];
    for (let i = 0; i < CHAIN && place > 0 && at - (place - 1) <= WINDOW; i++) {
      const candidate = place - 1;
      place = this.earlier[candidate & (WINDOW - 1)];
      if (load<u8>(input + candidate + best) != load<u8>(input + at + best)) continue;
      let length = 0;
      while (length < most && load<u8>(input + candidate + length) == load<u8>(input + at + length)) length++;
      if (length <= best) continue;
      best = length;
      distance = at - candidate;
      if (length == most) break;
    }
    return distance == 0 ? 0 : MATCH | ((best - 3) << 16) | (distance - 1);
  }

  private remember(at: i32): void {
    if (at + SHORTEST > this.input.length) return;
    const hash = this.hash(at);
    this.earlier[at & (WINDOW - 1)] = this.heads[hash];
    this.heads[hash] = at + 1;
  }

  private hash(at: i32): i32 {
    const bytes = this.input.dataStart + at;
    const three = <u32>load<u16>(bytes) | ((<u32>load<u8>(bytes, 2)) << 16);
    return <i32>((three * 0x9e3779b1) >> (32 - HASH_BITS));
  }
}

function lengthOf(token: u32): i32 {
  return token == 0 ? 0 : ((token >> 16) & 0xff) + 3;
}
