import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePattern } from "./pattern.ts";

const found = (pattern: string, text: string) => compilePattern(pattern)(text);

describe("patterns", () => {
  it.each([
    ["", "", true],
    ["a", "cab", true],
    ["^a", "ba", false],
    ["a$", "ab", false],
    ["^(ab|cd)+$", "abcdab", true],
    ["^(ab|cd)+$", "abcda", false],
    ["^a{2}$", "aaa", false],
    ["^a{2,}$", "aaaa", true],
    ["^a{1,3}$", "aaaa", false],
    ["^a{0}b$", "b", true],
    ["^\\d+\\.\\d*$", "3.", true],
    ["[^0-9]", "123", false],
    ["[a-c]-[]x]", "b-]", true],
    ["[\\d_-]+$", "a-_9", true],
    ["^[\\]a-]+$", "]-a", true],
    [".", "\n", false],
    ["(?s).", "\n", true],
    ["(?i)^straße$", "STRAßE", true],
    ["^(?i:a)b$", "Ab", true],
    ["^(?i:a)b$", "AB", false],
    ["(?i)[^a]", "A", false],
    ["^a(?i)b$", "aB", true],
    ["^a(?i)b$", "AB", false],
    ["\\bword\\b", "a word here", true],
    ["\\bword\\b", "swordfish", false],
    ["\\Bfish\\z", "swordfish", true],
    ["\\Aa", "ba", false],
    ["(?P<year>\\d{4})-(?<month>\\d\\d)", "2026-11", true],
    ["a+?b", "aab", true],
    ["^\\x41\\x{1F600}$", "A😀", true],
    ["^.$", "😀", true],
    ["[[:alpha:]]", "a", true],
    ["^\\pL+$", "Straße", true],
    ["a{", "a{", true],
    ["a|", "zzz", true],
    ["\\\\\\.", "\\.", true],
    ["(a*)*$", "b", true],
  ])("%j in %j: %j", (pattern, text, expected) => {
    expect(found(pattern, text)).toBe(expected);
  });

  it.each([
    ["(", "missing closing )"],
    [")", "unexpected )"],
    ["*", "missing argument to repetition operator"],
    ["a**", "invalid nested repetition operator"],
    ["[a", "missing closing ]"],
    ["[b-a]", "invalid character class range"],
    ["a{2,1}", "invalid repeat count"],
    ["a{1001}", "invalid repeat count"],
    ["(?=a)", "unsupported Perl syntax"],
    ["\\1", "invalid escape sequence"],
    ["\\", "trailing backslash"],
    ["((a{100}){100}){100}", "invalid repeat count"],
    [`${"(".repeat(1_200)}${")".repeat(1_200)}`, "nests too deeply"],
  ])("refuses %j: %s", (pattern, reason) => {
    expect(() => compilePattern(pattern)).toThrow(reason);
  });

  it("takes no time for what would keep a backtracking engine for ever", () => {
    const text = `${"a".repeat(5_000)}!`;
    for (const pattern of ["^(a+)+$", "^(a|a)*$", "^(a*)*b", ".*.*.*=.*", "(a{0,100}){0,10}b"]) {
      expect(found(pattern, text)).toBe(false);
    }
    expect(found("^(a?){200}a{200}$", "a".repeat(200))).toBe(true);
  });

  it("finds what JavaScript's expressions find, for patterns that mean the same in both", () => {
    const atom = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "\\d", "\\b", "^", "$");
    const repetition = fc.constantFrom("", "", "*", "+", "?", "{2}", "{0,2}", "{1,}");
    const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
      piece: fc.oneof(
        { maxDepth: 1 },
        atom,
        tie("pattern").map((inner) => `(${inner})`),
      ),
      pattern: fc
        .array(
          fc
            .tuple(tie("piece"), repetition)
            .map(([piece, times]) => (/^(\\b|\^|\$)$/.test(piece) ? piece : piece + times)),
          { maxLength: 4 },
        )
        .chain((parts) => fc.constantFrom(parts.join(""), parts.join("|"))),
    }));
    fc.assert(
      fc.property(pattern, fc.stringMatching(/^[ab1 ]{0,5}$/), (source, text) => {
        expect(found(source, text)).toBe(new RegExp(source).test(text));
      }),
      { numRuns: 1_000 },
    );
  });
});
