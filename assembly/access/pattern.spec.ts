import { INBOX } from "../memory";
import { put } from "../spec-text";
import { covers } from "./pattern";

function covered(pattern: string, path: string): bool {
  put(pattern + path);
  const split = INBOX + pattern.length;
  return covers(INBOX, split, split, split + path.length);
}

describe("covers", () => {
  it("takes a pattern for its path and for all below it", () => {
    expect(covered("a/b", "a/b")).toBe(true);
    expect(covered("a/b", "A/B/c")).toBe(true);
    expect(covered("a/b", "a")).toBe(false);
    expect(covered("a/b", "a/bc")).toBe(false);
    expect(covered("", "")).toBe(true);
    expect(covered("", "a")).toBe(false);
  });

  it("takes a star for one segment, or for none at the end", () => {
    expect(covered("a/*", "a/b")).toBe(true);
    expect(covered("a/*", "a")).toBe(true);
    expect(covered("a/*", "a/b/c")).toBe(false);
    expect(covered("a/*/c", "a/b/c")).toBe(true);
    expect(covered("a/*/c", "a/c")).toBe(false);
    expect(covered("a/b*d/e", "a/bcd/e")).toBe(true);
    expect(covered("a/b*", "a/b")).toBe(true);
    expect(covered("*", "")).toBe(true);
  });

  it("takes two stars for any number of segments", () => {
    expect(covered("a/**", "a")).toBe(true);
    expect(covered("a/**/z", "a/z")).toBe(true);
    expect(covered("a/**/z", "a/b/c/z/below")).toBe(true);
    expect(covered("a/**/z", "a/b/c")).toBe(false);
    expect(covered("**/y/**/z", "x/y/y/x/z")).toBe(true);
    expect(covered("**/y/z", "y/x/y/z")).toBe(true);
    expect(covered("**", "")).toBe(true);
  });
});
