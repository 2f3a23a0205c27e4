import { expect, it } from "vitest";
import type { ConfigurationItems } from "./configuration-store.ts";
import { UpdateQueue } from "./update-queue.ts";

const item = (key: string, value: number): ConfigurationItems =>
  new Map([[key, { value: String(value), version: "", metadata: new Map() }]]);

it("keeps a bounded number of updates for who is slow, and none of what they come to is lost", async () => {
  let go = () => {};
  const stuck = new Promise<void>((resolve) => {
    go = resolve;
  });
  const told: ConfigurationItems[] = [];
  const counted: number[] = [];
  const queue = new UpdateQueue(async (items) => {
    told.push(items);
    await stuck;
  });
  for (let n = 1; n <= 1_000; n++) queue.push(item(`k${n % 7}`, n), async () => void counted.push(n));
  go();
  await expect.poll(() => counted.at(-1)).toBe(1_000);
  expect(told).toHaveLength(101);
  const last = new Map(told.flatMap((items) => [...items].map(([key, { value }]) => [key, value] as const)));
  expect([...last.values()].map(Number).sort()).toEqual([1_000, 994, 995, 996, 997, 998, 999].sort());
  await queue.close();
});

it("counts as told what was told, goes on after what was not, and tells nothing once it is closed", async () => {
  const told: string[] = [];
  const counted: string[] = [];
  const queue = new UpdateQueue(async (items) => {
    const [key] = [...items.keys()];
    told.push(key as string);
    if (key === "bad") throw new Error("the app is away");
  });
  for (const key of ["a", "bad", "b"]) queue.push(item(key, 1), async () => void counted.push(key));
  await expect.poll(() => counted).toEqual(["a", "b"]);
  queue.push(item("late", 1));
  await queue.close();
  queue.push(item("later", 1));
  expect(told).toEqual(["a", "bad", "b", "late"]);
});
