import { takeToken } from "./buckets";

const SECOND: u64 = 1000000000;

describe("takeToken", () => {
  it("lets a burst pass, and then as many as the rate", () => {
    for (let i = 0; i < 3; i++) expect(takeToken(1, 2, 3, SECOND)).toBe(0);
    expect(takeToken(1, 2, 3, SECOND)).toBe(0.5);
    expect(takeToken(1, 2, 3, SECOND + SECOND / 4)).toBe(0.25);
    expect(takeToken(1, 2, 3, SECOND + SECOND / 2)).toBe(0);
    expect(takeToken(1, 2, 3, SECOND + SECOND / 2)).toBe(0.5);
  });

  it("never keeps more than a burst", () => {
    for (let i = 0; i < 2; i++) expect(takeToken(2, 1, 2, SECOND)).toBe(0);
    for (let i = 0; i < 2; i++) expect(takeToken(2, 1, 2, 1000 * SECOND)).toBe(0);
    expect(takeToken(2, 1, 2, 1000 * SECOND)).toBe(1);
  });

  it("takes no time that goes back for one that passed", () => {
    expect(takeToken(3, 1, 1, 10 * SECOND)).toBe(0);
    expect(takeToken(3, 1, 1, 5 * SECOND)).toBe(1);
    expect(takeToken(3, 1, 1, 6 * SECOND)).toBe(0);
  });

  it("counts callers apart, and forgets whoever called longest ago", () => {
    // Of the same place all.
    for (let i: u64 = 1; i <= 8; i++) expect(takeToken((i << 32) | 512, 1, 1, (100 + i) * SECOND)).toBe(0);
    expect(takeToken(((<u64>8) << 32) | 512, 1, 1, 108 * SECOND)).toBe(1);
    expect(takeToken(((<u64>9) << 32) | 512, 1, 1, 108 * SECOND)).toBe(0);
    expect(takeToken(((<u64>2) << 32) | 512, 1, 1, 102 * SECOND)).toBe(1);
    expect(takeToken(((<u64>1) << 32) | 512, 1, 1, 101 * SECOND)).toBe(0);
  });
});
