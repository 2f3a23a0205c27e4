import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { FakeClock } from "../../host/fake-clock.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";

let folder: string | undefined;
let runtime: LocalRuntime | undefined;

afterEach(async () => {
  await runtime?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true });
  folder = undefined;
});

/** An app that hosts stormtroopers, and says what it was called about and when. */
function troop(clock: FakeClock) {
  const began = clock.now();
  const calls: string[] = [];
  const app = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (pathname === "/dapr/config") {
      return Response.json({ entities: ["stormtrooper"], actorIdleTimeout: "90s" });
    }
    if (pathname === "/dapr/subscribe") return new Response(null, { status: 404 });
    const body = await request.text();
    calls.push(`${(clock.now() - began) / 1000} ${request.method} ${pathname} ${body}`.trimEnd());
    return new Response(null, { status: 200 });
  };
  return { app, calls };
}

async function start(app: (request: Request) => Promise<Response>, clock: FakeClock): Promise<LocalRuntime> {
  folder ??= mkdtempSync(join(tmpdir(), "daprlet-reminders-"));
  const connectionString = join(folder, "actors.db");
  const metadata = { actorStateStore: "true", connectionString };
  const components = [{ name: "statestore", type: "state.sqlite", metadata }];
  runtime = await createRuntime({ app, clock, components });
  return runtime;
}

const trooper = "/v1.0/actors/stormtrooper/50";
async function post(path: string, body: unknown): Promise<Response> {
  if (runtime === undefined) throw new Error("nothing is started");
  return await runtime.fetch(path, { method: "POST", body: JSON.stringify(body) });
}

it("a timer ticks as the book's does, until its actor is deactivated: T49", async () => {
  const clock = new FakeClock();
  const { app, calls } = troop(clock);
  await start(app, clock);
  const body = { data: "someData", dueTime: "1m", period: "20s", callback: "myEventHandler" };
  expect((await post(`${trooper}/timers/checkRebels`, body)).status).toBe(204);
  await clock.advance(119_000);
  const sent = '{"data":"someData","callback":"myEventHandler","dueTime":"1m","period":"20s"}';
  expect(calls).toEqual(
    [60, 80, 100].map((at) => `${at} PUT /actors/stormtrooper/50/method/timer/checkRebels ${sent}`),
  );
  await post(`${trooper}/timers/checkRebels`, { ...body, dueTime: "1h" });
  await clock.advance(7_200_000);
  // Idle for 90 s after its last turn, it is deactivated, and the timer with it.
  expect(calls.slice(3)).toEqual(["190 DELETE /actors/stormtrooper/50"]);
});

it("a reminder survives its host and its actor, and is not repeated: T50", async () => {
  const clock = new FakeClock();
  const { app, calls } = troop(clock);
  const first = await start(app, clock);
  const body = { data: "someData", dueTime: "1m", period: "2m" };
  expect((await post(`${trooper}/reminders/checkRebels`, body)).status).toBe(204);
  await clock.advance(70_000);
  await first.stop();
  await clock.advance(200_000);
  await start(app, clock);
  await clock.advance(30_000);
  const sent = '{"data":"someData","dueTime":"1m","period":"2m"}';
  const reminded = (at: number) => `${at} PUT /actors/stormtrooper/50/method/remind/checkRebels ${sent}`;
  expect(calls).toEqual([
    reminded(60),
    "70 DELETE /actors/stormtrooper/50",
    // What fell due at 180 while nobody was there, and then the grid again.
    reminded(270),
    reminded(300),
  ]);
  const shown = await runtime?.fetch(`${trooper}/reminders/checkRebels`);
  expect(await shown?.json()).toEqual({
    ...{ actorID: "50", actorType: "stormtrooper", data: "someData", dueTime: "1m", period: "@every 2m0s" },
  });
  const listed = await runtime?.fetch(`${trooper}/reminders`);
  expect(await listed?.json()).toMatchObject({ reminders: [{ name: "checkRebels" }] });
  const ended = await runtime?.fetch(`${trooper}/reminders/checkRebels`, { method: "DELETE" });
  expect(ended?.status).toBe(204);
  await clock.advance(300_000);
  expect(calls.slice(4)).toEqual(["390 DELETE /actors/stormtrooper/50"]);
});

it("what cannot be a timer or reminder is answered as Dapr does", async () => {
  const clock = new FakeClock();
  await start(troop(clock).app, clock);
  const answers: unknown[] = [];
  for (const path of ["timers/n", "reminders/n"]) {
    for (const actor of [trooper, "/v1.0/actors/Unknown/1"]) {
      const answer = await post(`${actor}/${path}`, { period: "soon" });
      answers.push([answer.status, ((await answer.json()) as { errorCode: string }).errorCode]);
    }
  }
  expect(answers).toEqual([
    [500, "ERR_ACTOR_TIMER_CREATE"],
    [500, "ERR_ACTOR_TIMER_CREATE"],
    [500, "ERR_ACTOR_REMINDER_CREATE"],
    [403, "ERR_ACTOR_REMINDER_NON_HOSTED"],
  ]);
});
