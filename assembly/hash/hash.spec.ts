import { DIGEST, INBOX } from "../memory";
import { put } from "../spec-text";
import { blake2b64 } from "./blake2b";
import { FIRST, LAST, blake, xxhash } from "./digest";
import { xxhash64 } from "./xxhash64";

describe("xxhash64", () => {
  it("gives the published values", () => {
    expect(xxhash64(INBOX, put(""))).toBe(0xef46db3751d8e999);
    expect(xxhash64(INBOX, put("abc"))).toBe(0x44bc2cf5ad770999);
  });

  it("is the same in chunks", () => {
    const text = "0123456789abcdef0123456789abcdef".repeat(4);
    const whole = xxhash(put(text + "xyz"), FIRST | LAST);
    xxhash(put(text), FIRST);
    expect(xxhash(put("xyz"), LAST)).toBe(whole);
  });
});

describe("blake2b", () => {
  it("gives the first word of the digest that Dapr places by", () => {
    expect(blake2b64(INBOX, put("actor-0"))).toBe(8565325387243509141);
  });

  it("is the same in chunks", () => {
    const text = "0123456789abcdef".repeat(16);
    const whole = blake2b64(INBOX, put(text + "xyz"));
    blake(put(text), FIRST);
    blake(put("xyz"), LAST);
    expect(load<u64>(DIGEST)).toBe(whole);
  });
});
