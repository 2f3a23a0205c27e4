import { BitWriter } from "./bit-writer";
import { distanceBase, distanceBits, lengthBase, lengthBits, lengthOrder } from "./codes";
import { codeLengths, codesOf } from "./huffman";
import { Matcher, MATCH } from "./matcher";

const BLOCK = 65_536;
const END = 256;

/** Which of the ascending bases a value falls to. */
function symbolOf(value: i32, bases: StaticArray<u16>): i32 {
  let low = 0;
  let high = bases.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (<i32>bases[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** One block: its tokens, how often each symbol comes, and what it covers of the input. */
class Block {
  readonly literals: StaticArray<u32> = new StaticArray<u32>(286);
  readonly distances: StaticArray<u32> = new StaticArray<u32>(30);

  constructor(private readonly tokens: u32[]) {
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i];
      if ((token & MATCH) == 0) this.literals[token]++;
      else {
        this.literals[257 + symbolOf(lengthOf(token), lengthBase)]++;
        this.distances[symbolOf(distanceOf(token), distanceBase)]++;
      }
    }
    this.literals[END] = 1;
  }

  write(out: BitWriter, input: Uint8Array, from: i32, to: i32, last: bool): void {
    const literal = codeLengths(this.literals);
    const distance = codeLengths(this.distances);
    if (this.size(literal, distance) > <u64>(to - from + 5) * 8) {
      storeBlocks(out, input, from, to, last);
      return;
    }
    out.put(last ? 1 : 0, 1);
    out.put(2, 2);
    writeLengths(out, literal, distance);
    this.writeTokens(out, literal, distance);
  }

  /** Bits, about: without those of the codes themselves. */
  private size(literal: StaticArray<u8>, distance: StaticArray<u8>): u64 {
    let bits: u64 = 400;
    for (let i = 0; i < 286; i++) {
      const extra = i > END ? lengthBits[i - 257] : 0;
      bits += <u64>this.literals[i] * <u64>(literal[i] + extra);
    }
    for (let i = 0; i < 30; i++) bits += <u64>this.distances[i] * <u64>(distance[i] + distanceBits[i]);
    return bits;
  }

  private writeTokens(out: BitWriter, literal: StaticArray<u8>, distance: StaticArray<u8>): void {
    const literalCodes = codesOf(literal);
    const distanceCodes = codesOf(distance);
    for (let i = 0; i < this.tokens.length; i++) {
      const token = this.tokens[i];
      if ((token & MATCH) == 0) {
        out.put(literalCodes[token], literal[token]);
        continue;
      }
      const length = lengthOf(token);
      const lengthSymbol = symbolOf(length, lengthBase);
      out.put(literalCodes[257 + lengthSymbol], literal[257 + lengthSymbol]);
      out.put(length - lengthBase[lengthSymbol], lengthBits[lengthSymbol]);
      const back = distanceOf(token);
      const backSymbol = symbolOf(back, distanceBase);
      out.put(distanceCodes[backSymbol], distance[backSymbol]);
      out.put(back - distanceBase[backSymbol], distanceBits[backSymbol]);
    }
    out.put(literalCodes[END], literal[END]);
  }
}

@inline
function lengthOf(token: u32): i32 {
  return ((token >> 16) & 0xff) + 3;
}

@inline
function distanceOf(token: u32): i32 {
  return (token & 0x7fff) + 1;
}

/** The two codes, as the lengths of their codes, without runs: they are a small part of a block. */
function writeLengths(out: BitWriter, literal: StaticArray<u8>, distance: StaticArray<u8>): void {
  const frequencies = new StaticArray<u32>(19);
  for (let i = 0; i < 286; i++) frequencies[literal[i]]++;
  for (let i = 0; i < 30; i++) frequencies[distance[i]]++;
  const lengths = codeLengths(frequencies, 7);
  const codes = codesOf(lengths);
  out.put(286 - 257, 5);
  out.put(30 - 1, 5);
  out.put(19 - 4, 4);
  for (let i = 0; i < 19; i++) out.put(lengths[lengthOrder[i]], 3);
  for (let i = 0; i < 286; i++) out.put(codes[literal[i]], lengths[literal[i]]);
  for (let i = 0; i < 30; i++) out.put(codes[distance[i]], lengths[distance[i]]);
}

/** As it is: what does not get smaller. */
function storeBlocks(out: BitWriter, input: Uint8Array, from: i32, to: i32, last: bool): void {
  while (true) {
    const count = min(to - from, 0xffff);
    out.put(last && from + count == to ? 1 : 0, 3);
    out.align();
    out.put(count | ((count ^ 0xffff) << 16), 32);
    out.align();
    out.bytes(input, from, count);
    from += count;
    if (from >= to) return;
  }
}

/** Deflate data (RFC 1951) that say the input. */
export function deflate(input: Uint8Array): Uint8Array {
  const out = new BitWriter(input.length / 2);
  const matcher = new Matcher(input);
  let from = 0;
  while (true) {
    const to = min(from + BLOCK, input.length);
    const tokens = matcher.tokens(from, to);
    new Block(tokens).write(out, input, from, to, to == input.length);
    if (to == input.length) return out.finish();
    from = to;
  }
}
