import { type CharacterTest, type PatternNode, type PlaceTest, parsePattern } from "./pattern-parser.ts";

/** One step of a compiled pattern; `next` and `other` are places in the program. */
type Step =
  | { readonly op: "one"; readonly test: CharacterTest; readonly next: number }
  | { readonly op: "at"; readonly holds: PlaceTest; readonly next: number }
  | { readonly op: "either"; next: number; readonly other: number }
  | { readonly op: "found" };
type One = Extract<Step, { readonly op: "one" }>;

/** With its repetitions written out. */
const MOST_STEPS = 2_000;

/**
 * Compiles a pattern in the syntax that CEL's `matches` has (RE2's, without Unicode classes), and answers whether a
 * text holds a match. That takes time in proportion to the text and the pattern, whatever they are: the text comes from
 * whoever publishes, and one thread serves everybody. Throws an Error that says what is wrong with the pattern.
 */
export function compilePattern(source: string): (text: string) => boolean {
  const steps: Step[] = [{ op: "found" }];
  const start = emit(parsePattern(source), 0, steps);
  return (text) => run(steps, start, Array.from(text));
}

/** Adds the steps for `node`, after which it goes on at `next`; answers where they begin. */
function emit(node: PatternNode, next: number, steps: Step[]): number {
  const add = (step: Step) => {
    if (steps.length > MOST_STEPS) throw new Error("the pattern is too large");
    return steps.push(step) - 1;
  };
  switch (node.kind) {
    case "one":
      return add({ op: "one", test: node.test, next });
    case "at":
      return add({ op: "at", holds: node.holds, next });
    case "sequence":
      return node.parts.reduceRight((after, part) => emit(part, after, steps), next);
    case "choice":
      return node.parts
        .map((part) => emit(part, next, steps))
        .reduce((one, other) => add({ op: "either", next: one, other }));
    case "repeat": {
      const { part, least, most } = node;
      let start = next;
      if (most === undefined) {
        const loop = { op: "either" as const, next: 0, other: next };
        start = add(loop);
        loop.next = emit(part, start, steps);
      }
      for (let i = least; i < (most ?? least); i++)
        start = add({ op: "either", next: emit(part, start, steps), other: next });
      for (let i = 0; i < least; i++) {
        const after = start;
        start = emit(part, after, steps);
        // Nothing, as often as one likes: counts that are nested must not be counted out.
        if (start === after) break;
      }
      return start;
    }
  }
}

/** All ways through the program at once, character by character. */
function run(steps: readonly Step[], start: number, text: readonly string[]): boolean {
  /** For each step, after how many characters it was last reached. */
  const reached = new Int32Array(steps.length).fill(-1);
  const stack: number[] = [];
  const reach = (step: number, place: number, list: One[]): boolean => {
    stack.push(step);
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (reached[at] === place) continue;
      reached[at] = place;
      const found = steps[at] as Step;
      if (found.op === "found") return true;
      if (found.op === "one") list.push(found);
      else if (found.op === "either") stack.push(found.next, found.other);
      else if (found.holds(text, place)) stack.push(found.next);
    }
    return false;
  };
  let now: One[] = [];
  for (let place = 0; ; place++) {
    if (reach(start, place, now)) return true;
    const character = text[place];
    if (character === undefined) return false;
    const next: One[] = [];
    for (const step of now) if (step.test(character) && reach(step.next, place + 1, next)) return true;
    now = next;
  }
}
