/** BLAKE2b word by word, for interpreters that have no vectors. */
import { DIGEST } from "../memory";
import { IV0, IV1, IV2, IV3, IV4, IV5, IV6, IV7, SIGMA, SIGMA_END } from "./blake2b-constants";

/** The sixteen words that are mixed: 0 to 7 begin as the digest is. */
const WORDS: usize = memory.data(128, 8);

/** As {@link compressVectors}. */
export function compressWords(block: usize, total: u64, last: u64): void {
  memory.copy(WORDS, DIGEST, 64);
  store<u64>(WORDS, IV0, 64);
  store<u64>(WORDS, IV1, 72);
  store<u64>(WORDS, IV2, 80);
  store<u64>(WORDS, IV3, 88);
  store<u64>(WORDS, IV4 ^ total, 96);
  store<u64>(WORDS, IV5, 104);
  store<u64>(WORDS, IV6 ^ last, 112);
  store<u64>(WORDS, IV7, 120);
  for (let row = SIGMA; row < SIGMA_END; row += 16) {
    // Columns, then diagonals.
    for (let i: usize = 0; i < 4; i++) mix(block, row + 2 * i, i, i, i, i);
    for (let i: usize = 0; i < 4; i++) mix(block, row + 8 + 2 * i, i, (i + 1) & 3, (i + 2) & 3, (i + 3) & 3);
  }
  for (let i: usize = 0; i < 64; i += 8) {
    store<u64>(DIGEST + i, load<u64>(DIGEST + i) ^ load<u64>(WORDS + i) ^ load<u64>(WORDS + i, 64));
  }
}

/** Mixes one word of each row of four with two of the block, whose places stand at `pair`. */
function mix(block: usize, pair: usize, a: usize, b: usize, c: usize, d: usize): void {
  const atA = WORDS + (a << 3);
  const atB = WORDS + 32 + (b << 3);
  const atC = WORDS + 64 + (c << 3);
  const atD = WORDS + 96 + (d << 3);
  let wordB = load<u64>(atB);
  let wordA = load<u64>(atA) + wordB + load<u64>(block + load<u8>(pair));
  let wordD = rotr<u64>(load<u64>(atD) ^ wordA, 32);
  let wordC = load<u64>(atC) + wordD;
  wordB = rotr<u64>(wordB ^ wordC, 24);
  wordA += wordB + load<u64>(block + load<u8>(pair, 1));
  wordD = rotr<u64>(wordD ^ wordA, 16);
  wordC += wordD;
  store<u64>(atA, wordA);
  store<u64>(atB, rotr<u64>(wordB ^ wordC, 63));
  store<u64>(atC, wordC);
  store<u64>(atD, wordD);
}
