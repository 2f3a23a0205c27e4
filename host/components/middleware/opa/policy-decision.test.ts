import { expect, it } from "vitest";
import { policyDecision } from "./policy-decision.ts";

it.each([
  [true, { allow: true, status: undefined, headers: [] }],
  [{}, { allow: false, status: undefined, headers: [] }],
  [
    { allow: true, additional_headers: { "X-A": "1" }, more: 1 },
    { allow: true, status: undefined, headers: ["x-a", "1"] },
  ],
  [
    { allow: false, status_code: 301 },
    { allow: false, status: 301, headers: [] },
  ],
])("%j is understood", (result, decision) => {
  expect(policyDecision(result)).toEqual(decision);
});

it.each([
  undefined,
  null,
  "true",
  1,
  [true],
  { allow: "true" },
  { allow: 1 },
  { allow: true, status_code: "200" },
  { allow: true, additional_headers: ["a"] },
  { allow: true, additional_headers: { a: 1 } },
  { allow: true, additional_headers: { "a b": "1" } },
  { allow: true, additional_headers: { a: "1\r\nb: 2" } },
])("%j lets nothing pass", (result) => {
  expect(policyDecision(result)).toEqual(expect.any(String));
});
