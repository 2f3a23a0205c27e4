/** T47: one handler, reached unchanged by invocation, by topic and by binding. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { account } from "../../demo/patterns/account.ts";
import { type BindingHandler, defineBinding } from "../../host/components/bindings/binding.ts";
import type { LocalRuntime } from "../../host/node/create-runtime.ts";
import { post, Town } from "./town.ts";

let town: Town;
let bank: LocalRuntime;
/** Hands an event to the app, as the source of an input binding does. */
let handOver: BindingHandler;

const source = defineBinding({
  type: "bindings.test",
  version: "v1",
  summary: "Events that this test makes.",
  metadata: {},
  features: ["INPUT_BINDING"],
  open: async () => ({
    async read(handler) {
      handOver = handler;
      return { close: () => Promise.resolve() };
    },
    close: () => Promise.resolve(),
  }),
});

beforeEach(async () => {
  town = new Town();
  bank = await town.start("bank", account, { bindings: [{ name: "deposit", definition: source }] });
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
const byBinding = async () => {
  await handOver({ data: new TextEncoder().encode(JSON.stringify(deposit)), metadata: new Map() });
  return 200;
};

test("an account that was never paid into is not found; a call pays 12 in, an event 12 more, and so does a binding", async () => {
  expect(await balance("17")).toBeUndefined();
  expect(await byCall()).toBe(200);
  expect(await balance("17")).toBe(12);
  expect(await byTopic()).toBe(204);
  await town.until(
    () => balance("17"),
    (found) => found === 24,
  );
  await byBinding();
  expect(await balance("17")).toBe(36);
});

test("of 50 deposits at once, by calls, events and a binding, none is lost", async () => {
  const statuses = await Promise.all(
    Array.from({ length: 50 }, (_, i) => [byCall, byTopic, byBinding][i % 3]?.()),
  );
  expect(new Set(statuses)).toEqual(new Set([200, 204]));
  await town.until(
    () => balance("17"),
    (found) => found === 600,
  );
  await town.rest();
  expect(await balance("17")).toBe(600);
});
