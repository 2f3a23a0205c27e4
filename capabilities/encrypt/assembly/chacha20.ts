@inline
function quarter(state: StaticArray<u32>, a: i32, b: i32, c: i32, d: i32): void {
  unchecked((state[a] += state[b]));
  unchecked((state[d] = rotl<u32>(state[d] ^ state[a], 16)));
  unchecked((state[c] += state[d]));
  unchecked((state[b] = rotl<u32>(state[b] ^ state[c], 12)));
  unchecked((state[a] += state[b]));
  unchecked((state[d] = rotl<u32>(state[d] ^ state[a], 8)));
  unchecked((state[c] += state[d]));
  unchecked((state[b] = rotl<u32>(state[b] ^ state[c], 7)));
}

/** Blocks of the key stream of ChaCha20 (RFC 8439, 2.3). The indices of its rounds are constants below 16. */
export class ChaCha20 {
  private readonly initial: StaticArray<u32> = new StaticArray<u32>(16);
  private readonly state: StaticArray<u32> = new StaticArray<u32>(16);

  /** A key of 32 bytes and a nonce of 12. */
  constructor(key: Uint8Array, nonce: Uint8Array) {
    const initial = this.initial;
    initial[0] = 0x6170_7865;
    initial[1] = 0x3320_646e;
    initial[2] = 0x7962_2d32;
    initial[3] = 0x6b20_6574;
    for (let i = 0; i < 8; i++) initial[4 + i] = load<u32>(key.dataStart + i * 4);
    for (let i = 0; i < 3; i++) initial[13 + i] = load<u32>(nonce.dataStart + i * 4);
  }

  /** The 64 bytes of one block. */
  block(counter: u32): StaticArray<u32> {
    const state = this.state;
    this.initial[12] = counter;
    for (let i = 0; i < 16; i++) state[i] = this.initial[i];
    for (let round = 0; round < 10; round++) {
      quarter(state, 0, 4, 8, 12);
      quarter(state, 1, 5, 9, 13);
      quarter(state, 2, 6, 10, 14);
      quarter(state, 3, 7, 11, 15);
      quarter(state, 0, 5, 10, 15);
      quarter(state, 1, 6, 11, 12);
      quarter(state, 2, 7, 8, 13);
      quarter(state, 3, 4, 9, 14);
    }
    for (let i = 0; i < 16; i++) state[i] += this.initial[i];
    return state;
  }

  /** Puts the key stream, from block 1 on, over bytes: what encrypts also decrypts. */
  apply(source: Uint8Array, target: Uint8Array, targetAt: i32): void {
    for (let at = 0; at < source.length; at += 64) {
      const stream = changetype<usize>(this.block(1 + at / 64));
      const count = min(64, source.length - at);
      for (let i = 0; i < count; i++) target[targetAt + at + i] = source[at + i] ^ load<u8>(stream + i);
    }
  }
}
