import { expect } from "vitest";
import type { Answer } from "../hosts/host.ts";

/** Success without a body. */
export function isEmpty(answer: Answer): void {
  expect([answer.status, answer.text, answer.header("content-type")]).toEqual([204, "", undefined]);
}

/** An error in Dapr's shape. */
export function isError(answer: Answer, status: number, errorCode: string): void {
  expect([answer.status, answer.errorCode]).toEqual([status, errorCode]);
  expect(answer.header("content-type")).toMatch(/^application\/json/);
  expect(answer.message).toEqual(expect.any(String));
}
