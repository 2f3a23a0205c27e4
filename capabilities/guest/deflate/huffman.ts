const LONGEST = 15;

/**
 * The lengths of a Huffman code for symbols that come so often, none longer than `longest`. At least two symbols have a
 * code: some decoders refuse one alone.
 */
export function codeLengths(frequencies: StaticArray<u32>, longest: i32 = LONGEST): StaticArray<u8> {
  const count = frequencies.length;
  const weights = new StaticArray<u32>(count);
  let used = 0;
  for (let i = 0; i < count; i++) {
    weights[i] = frequencies[i];
    if (weights[i] > 0) used++;
  }
  for (let i = 0; used < 2; i++) {
    if (weights[i] > 0) continue;
    weights[i] = 1;
    used++;
  }
  while (true) {
    const lengths = treeLengths(weights, used);
    let highest = 0;
    for (let i = 0; i < count; i++) highest = max(highest, lengths[i]);
    if (highest <= longest) return lengths;
    // Flatter, and so shorter: what it costs is less than what a better search would.
    for (let i = 0; i < count; i++) if (weights[i] > 0) weights[i] = (weights[i] >> 2) + 1;
  }
}

/** The depths of the leaves of Huffman's tree, built from two queues: leaves by weight, and nodes in the order of their making. */
function treeLengths(weights: StaticArray<u32>, used: i32): StaticArray<u8> {
  const leaves = new Array<u64>();
  for (let i = 0; i < weights.length; i++) if (weights[i] > 0) leaves.push(((<u64>weights[i]) << 16) | <u64>i);
  leaves.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const nodes = 2 * used - 1;
  const weight = new StaticArray<u64>(nodes);
  const parent = new StaticArray<i32>(nodes);
  for (let i = 0; i < used; i++) weight[i] = leaves[i] >> 16;
  let leaf = 0;
  let node = used;
  for (let next = used; next < nodes; next++) {
    for (let child = 0; child < 2; child++) {
      const lighter = leaf < used && (node >= next || weight[leaf] <= weight[node]) ? leaf++ : node++;
      weight[next] += weight[lighter];
      parent[lighter] = next;
    }
  }
  const depth = new StaticArray<u8>(nodes);
  const lengths = new StaticArray<u8>(weights.length);
  for (let i = nodes - 2; i >= 0; i--) depth[i] = depth[parent[i]] + 1;
  for (let i = 0; i < used; i++) lengths[<i32>(leaves[i] & 0xffff)] = depth[i];
  return lengths;
}

/** The canonical codes of these lengths, their bits in the order in which they are written. */
export function codesOf(lengths: StaticArray<u8>): StaticArray<u16> {
  const counts = new StaticArray<u16>(LONGEST + 1);
  for (let i = 0; i < lengths.length; i++) counts[lengths[i]]++;
  counts[0] = 0;
  const next = new StaticArray<u16>(LONGEST + 1);
  for (let i = 1; i <= LONGEST; i++) next[i] = (next[i - 1] + counts[i - 1]) << 1;
  const codes = new StaticArray<u16>(lengths.length);
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i];
    if (length > 0) codes[i] = reversed(next[length]++, length);
  }
  return codes;
}

function reversed(code: u16, length: i32): u16 {
  let bits = 0;
  for (let i = 0; i < length; i++) bits |= ((<i32>code >> i) & 1) << (length - 1 - i);
  return <u16>bits;
}
