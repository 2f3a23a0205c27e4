/** T47: one handler, reached unchanged by invocation, by topic and by binding. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { account } from "../../demo/patterns/account.ts";
import type { LocalRuntime } from "../../host/node/create-runtime.ts";
import { post, Town } from "./town.ts";

let town: Town;
let bank: LocalRuntime;
beforeEach(async () => {
  town = new Town();
  bank = await town.start("bank", account);
});
afterEach(() => town.close());

const balance = async (id: string): Promise<number | undefined> => {
  const answer = await bank.fetch(`/v1.0/invoke/bank/method/${id}`);
  if (answer.status === 404) return undefined;
  return ((await answer.json()) as { balance: number }).balance;
};
const deposit = { id: "17", amount: 12 };
const byCall = () => post(bank, "/v1.0/invoke/bank/method/deposit", deposit);
const byTopic = () => post(bank, "/v1.0/publish/pubsub/deposit", deposit);

test("an account that was never paid into is not found; a call pays 12 in, an event 12 more", async () => {
  expect(await balance("17")).toBeUndefined();
  expect(await byCall()).toBe(200);
  expect(await balance("17")).toBe(12);
  expect(await byTopic()).toBe(204);
  await town.until(
    () => balance("17"),
    (found) => found === 24,
  );
});

test("of 50 deposits at once, half by calls and half by events, none is lost", async () => {
  const statuses = await Promise.all(
    Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? byCall() : byTopic())),
  );
  expect(new Set(statuses)).toEqual(new Set([200, 204]));
  await town.until(
    () => balance("17"),
    (found) => found === 600,
  );
  await town.rest();
  expect(await balance("17")).toBe(600);
});
