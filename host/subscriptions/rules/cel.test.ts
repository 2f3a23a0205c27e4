import { describe, expect, it } from "vitest";
import { ruleCases, ruledEvent } from "../../../tests/pubsub/rule-cases.ts";
import { cel } from "./cel.ts";
import { envelopeOf } from "./envelope-of.ts";

const outcome = (rule: string, event: object) => {
  let condition: ReturnType<typeof cel.compile>;
  try {
    condition = cel.compile(rule);
  } catch {
    return "refused";
  }
  try {
    return condition(envelopeOf(event));
  } catch {
    return "fails";
  }
};

describe("rules decide as daprd's do", () => {
  it.each(ruleCases)("%s: %j", (rule, expected) => {
    expect(outcome(rule, ruledEvent)).toBe(expected);
  });
});

describe("members that mean something to JavaScript are members like others", () => {
  const event = JSON.parse(
    '{"constructor":1,"__proto__":{"a":2},"data":{"length":3,"toString":"x","hasOwnProperty":null,"s":"abc","l":[1]}}',
  );
  it.each([
    ["event.constructor == 1", true],
    ["event.__proto__.a == 2", true],
    ["event.data.length == 3", true],
    ['event.data.toString == "x"', true],
    ["event.data.hasOwnProperty == null", true],
    ["has(event.prototype)", false],
    ["has(event.data.s.length)", false],
    ["event.data.l.length == 1", "fails"],
    ["event.data.s.constructor == 1", "fails"],
  ] as const)("%s: %j", (rule, expected) => {
    expect(outcome(rule, event)).toBe(expected);
  });
});

describe("what a rule may be", () => {
  it.each([
    ["event.type ==", "Unexpected token"],
    ["evnt.type == 'a'", "Unknown variable: evnt"],
    ["event.type == 'a' and true", "Unexpected"],
    ["", "Unexpected token"],
    ["'a' == 'a' // ".padEnd(5_000, "x"), "longer than 4096"],
    [`${"(".repeat(100)}true${")".repeat(100)}`, "maxDepth"],
    [`${"!".repeat(2_000)}true`, "maxAstNodes"],
    [`true${" || true".repeat(500)}`, "max"],
    [`event.x in [${"1,".repeat(300)}1]`, "maxListElements"],
    ["event.l.all(a, event.l.all(b, event.l.all(c, a == b)))", "nested more than 2 deep"],
    ["event.type.matches(event.data.pattern)", "written out"],
    ["event.type.matches('(')", "the pattern of matches(): error parsing regexp: missing closing )"],
  ])("%j is refused: %s", (rule, reason) => {
    expect(() => cel.compile(rule)).toThrow(reason);
  });

  it("chained loops are not nested ones, and a pattern works within them", () => {
    const event = { data: { l: ["a1", "b2", "c"] } };
    expect(
      outcome("event.data.l.filter(x, x.matches('\\\\d$')).map(x, x + '!').exists(x, x == 'b2!')", event),
    ).toBe(true);
    expect(outcome("event.data.l.filter(x, x.matches('\\\\d$')).size() == 2", event)).toBe(true);
  });

  it("a pattern that would keep a backtracking engine for ever is decided at once", () => {
    const event = { data: { s: `${"a".repeat(5_000)}!` } };
    expect(outcome("event.data.s.matches('^(a+)+$')", event)).toBe(false);
    expect(outcome("matches(event.data.s, '^(a+)+!$')", event)).toBe(true);
  });

  it("an event that is nested without bound fails it, and nothing else", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(outcome("event.data == 1", { data: deep })).toBe("fails");
  });
});
