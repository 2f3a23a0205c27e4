import { describe, expect, it } from "vitest";
import { quorum } from "./validator.ts";

const votes = (bytes: string) => [...bytes].map((sha256, i) => ({ worker: `w${i}`, sha256 }));

describe("a quorum", () => {
  it.each([
    [2, "", { missing: 2 }],
    [2, "a", { missing: 1 }],
    [2, "ab", { missing: 1 }],
    [2, "aa", { accepted: "a" }],
    [2, "bacb", { accepted: "b" }],
    [3, "aab", { missing: 1 }],
    [3, "abcde", { missing: 2 }],
    [1, "a", { accepted: "a" }],
    [2, "abcdefghij", "disputed"],
    [2, "abcdefghia", { accepted: "a" }],
  ])("of %i, with %j", (replicas, bytes, verdict) => {
    expect(quorum(replicas).judge(votes(bytes), new Map())).toEqual(verdict);
  });
});
