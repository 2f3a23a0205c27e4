import { expect, it } from "vitest";
import { responseOf } from "./guest-answer.ts";
import { textField } from "./message.ts";

it("a header that a guest answers twice has both values", () => {
  const { headers } = responseOf([textField("vary", "a"), textField("x-own", "1"), textField("Vary", "b")]);
  expect(headers.slice(0, 6)).toEqual(["vary", "a", "x-own", "1", "vary", "b"]);
});
