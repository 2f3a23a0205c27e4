/** T54: a booking as a finite state machine. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Booking, type Standing, type Step } from "../../demo/actors/booking.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";

let folder: string;
let runtime: LocalRuntime;

const start = () =>
  createRuntime({
    actors: { Booking },
    components: [
      {
        name: "statestore",
        type: "state.sqlite",
        metadata: { connectionString: join(folder, "bookings.sqlite"), actorStateStore: "true" },
      },
    ],
  });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bookings-"));
  runtime = await start();
});
afterEach(async () => {
  await runtime.stop();
  rmSync(folder, { recursive: true });
});

const take = async (id: string, step: Step) => {
  const path = `/v1.0/actors/Booking/${id}/method/take`;
  const answer = await runtime.fetch(path, { method: "POST", body: JSON.stringify(step) });
  return { status: answer.status, body: await answer.json() };
};
const standing = async (id: string): Promise<Standing> =>
  await (await runtime.fetch(`/v1.0/actors/Booking/${id}/method/standing`)).json();

test("goes from Open over the car, the hotel and the flight to the bill", async () => {
  const answers = [];
  for (const step of ["bookCar", "bookHotel", "bookFlight", "bill"] as const)
    answers.push(await take("1", step));
  expect(answers).toEqual(
    ["CarBooked", "CarAndHotelBooked", "AllBooked", "Billed"].map((body) => ({ status: 200, body })),
  );
});

test("refuses what its standing does not allow with 409, and stays as it was", async () => {
  for (const step of ["bookHotel", "bill", "constructor"]) {
    const { status, body } = await take("2", step as Step);
    expect([status, JSON.stringify(body)]).toEqual([409, expect.stringContaining("Open does not take")]);
  }
  expect(await standing("2")).toBe("Open");
  await take("2", "cancel");
  expect(await take("2", "bookCar")).toMatchObject({ status: 409 });
  expect(await standing("2")).toBe("Cancelled");
});

test("of many steps at once each is decided by the one before", async () => {
  const steps = Array.from({ length: 20 }, () => take("3", "bookCar"));
  const answers = await Promise.all(steps);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
});

test("resumes in a standing that has a name, whenever its sidecar is killed", async () => {
  const steps = ["bookCar", "bookHotel", "bookFlight", "bill"] as const;
  const names: Standing[] = ["Open", "CarBooked", "CarAndHotelBooked", "AllBooked", "Billed"];
  for (const [at, step] of steps.entries()) {
    const cut = take("4", step);
    // The next life begins with the step under way; the one before is not asked to end it.
    const before = runtime;
    runtime = await start();
    await cut.catch(() => undefined);
    await before.stop();
    const found = await standing("4");
    expect([names[at], names[at + 1]]).toContain(found);
    if (found === names[at]) await take("4", step);
  }
  expect(await standing("4")).toBe("Billed");
});
