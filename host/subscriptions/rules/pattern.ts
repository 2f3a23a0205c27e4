import { RE2JS } from "@bufbuild/re2";

/**
 * A pattern of `matches()`, in RE2's syntax as daprd has it. Its engine takes time in proportion to the text, whatever
 * the pattern. Throws what is wrong with one.
 */
export function compilePattern(pattern: string): (text: string) => boolean {
  const expression = new RE2JS(pattern);
  return (text) => expression.test(text);
}
