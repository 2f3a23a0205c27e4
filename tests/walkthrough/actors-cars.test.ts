/** T53: the speeds of ten thousand cars, summed without waking one. */
import { expect, test } from "vitest";
import { Car, totalSpeed } from "../../demo/actors/car.ts";
import { createRuntime } from "../../host/node/create-runtime.ts";

const cars = 10_000;

test("is the sum of what all cars have stored, and no car is called for it", async () => {
  let turns = 0;
  class Counted extends Car {
    override changeSpeed(speed: number): void {
      turns++;
      super.changeSpeed(speed);
    }
  }
  const runtime = await createRuntime({
    actors: { Car: Counted },
    components: [
      {
        name: "statestore",
        type: "state.in-memory",
        metadata: { actorStateStore: "true", queryScan: "true" },
      },
    ],
  });
  const change = (id: number, speed: number) =>
    runtime.fetch(`/v1.0/actors/Car/${id}/method/changeSpeed`, { method: "POST", body: String(speed) });
  const fetch = (path: string, init?: RequestInit) => runtime.fetch(path, init);
  const statuses = new Set<number>();
  for (let first = 0; first < cars; first += 100) {
    const wave = Array.from({ length: 100 }, (_, i) => change(first + i, i));
    for (const { status } of await Promise.all(wave)) statuses.add(status);
  }
  expect([...statuses]).toEqual([200]);
  expect([turns, await totalSpeed(fetch)]).toEqual([cars, (cars / 100) * 4_950]);
  // One that changes its speed while all are summed is in the sum with the one or the other.
  const [sum] = await Promise.all([totalSpeed(fetch), change(0, 1_000)]);
  expect([495_000, 496_000]).toContain(sum);
  expect([turns, await totalSpeed(fetch)]).toEqual([cars + 1, 496_000]);
  await runtime.stop();
});
