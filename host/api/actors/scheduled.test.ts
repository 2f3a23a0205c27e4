import { beforeEach, describe, expect, it } from "vitest";
import { type Instance, ReminderFleet } from "../../../tests/actors/reminder-fleet.ts";
import { newCore } from "../../../tests/core/core.ts";
import { ActorTimers } from "../../actors/timers/actor-timers.ts";
import { FakeClock } from "../../fake-clock.ts";
import type { RuntimeResponse } from "../../http.ts";
import { answerReminder } from "./reminder.ts";
import { answerTimer } from "./timer.ts";

const core = newCore();
const encode = (body: string) => new TextEncoder().encode(body);
const read = ({ status, body }: RuntimeResponse) => ({
  status,
  ...(body === undefined
    ? {}
    : { body: JSON.parse(new TextDecoder().decode(body as Uint8Array)) as unknown }),
});

let fleet: ReminderFleet;
let a: Instance;

beforeEach(async () => {
  fleet = await ReminderFleet.start();
  a = fleet.instance("a");
});

async function reminder(method: string, name: string | undefined, body = "", hosted = true) {
  const call = { core, reminders: hosted ? a.reminders : undefined, method, body: encode(body) };
  const params = name === undefined ? ["T", "1"] : ["T", "1", name];
  try {
    return read(await answerReminder(call, params));
  } catch (error) {
    return read((error as { response: RuntimeResponse }).response);
  }
}

describe("the API of reminders", () => {
  it("registers, shows, lists and deletes", async () => {
    const body =
      '{"data":{"n": 12345678901234567890},"dueTime":"1000s","period":"R3/PT1M20S","ttl":"2030-01-01T00:00:00Z"}';
    expect(await reminder("POST", "n", body)).toEqual({ status: 204 });
    expect(await reminder("PUT", "m", "{}")).toEqual({ status: 204 });
    const shown = {
      ...{ actorID: "1", actorType: "T", data: { n: expect.any(Number) } },
      ...{ dueTime: "1000s", period: "@every 1m20s", ttl: "2030-01-01T00:00:00Z" },
    };
    expect(await reminder("GET", "n")).toEqual({ status: 200, body: shown });
    const bytes = (
      await answerReminder({ core, reminders: a.reminders, method: "GET", body: encode("") }, ["T", "1", "n"])
    ).body;
    expect(new TextDecoder().decode(bytes as Uint8Array)).toContain('"data":{"n": 12345678901234567890}');
    expect(await reminder("GET", undefined)).toEqual({
      status: 200,
      body: {
        reminders: [
          { name: "m", actorID: "1", actorType: "T" },
          { name: "n", ...shown },
        ],
      },
    });
    expect(await reminder("DELETE", "n")).toEqual({ status: 204 });
    expect(await reminder("DELETE", "n")).toEqual({ status: 204 });
    expect(await reminder("GET", "n")).toEqual({
      status: 404,
      body: { errorCode: "ERR_ACTOR_REMINDER_NOT_FOUND", message: "actor reminder not found: n" },
    });
    await reminder("DELETE", "m");
    expect(await reminder("GET", undefined)).toEqual({ status: 200, body: { reminders: [] } });
  });

  it("overwrites unless it is told not to", async () => {
    expect(await reminder("POST", "n", '{"dueTime":"1h","overwrite":false}')).toEqual({ status: 204 });
    expect(await reminder("POST", "n", '{"dueTime":"2h","overwrite":false}')).toEqual({
      status: 409,
      body: { errorCode: "ERR_ACTOR_REMINDER_ALREADY_EXISTS", message: "actor reminder already exists: n" },
    });
    expect(await reminder("POST", "n", '{"dueTime":"3h"}')).toEqual({ status: 204 });
    expect(await reminder("GET", "n")).toMatchObject({ body: { dueTime: "3h" } });
  });

  it("is for hosted types only", async () => {
    for (const method of ["POST", "GET", "DELETE"]) {
      expect(await reminder(method, "n", "{}", false)).toEqual({
        status: 403,
        body: {
          errorCode: "ERR_ACTOR_REMINDER_NON_HOSTED",
          message: "operations on actor reminders are only possible on hosted actor types",
        },
      });
    }
  });

  it("says what of a schedule is wrong, and when the instance may write no more", async () => {
    expect(await reminder("POST", "n", '{"period":"P1D"}')).toEqual({
      status: 500,
      body: {
        errorCode: "ERR_ACTOR_REMINDER_CREATE",
        message: "error creating actor reminder: unsupported period format: P1D",
      },
    });
    a.fenced = true;
    expect(await reminder("POST", "n", "{}")).toMatchObject({
      status: 500,
      body: { errorCode: "ERR_ACTOR_REMINDER_CREATE" },
    });
  });

  it.each([
    ['{"failure_policy":{"drop":{}}}', { intervalMs: 0, maxRetries: 0 }],
    ['{"failurePolicy":{"constant":{"interval":"2s","maxRetries":5}}}', { intervalMs: 2000, maxRetries: 5 }],
    ['{"failure_policy":{"constant":{"interval":"2s"}}}', { intervalMs: 2000 }],
    ['{"failure_policy":null}', undefined],
  ])("takes %s", async (body, policy) => {
    expect(await reminder("POST", "n", body)).toEqual({ status: 204 });
    expect((await a.reminders.get("T", "1", "n"))?.record.failurePolicy).toEqual(policy);
  });

  it.each([
    ["", "{", "[]", "null", "5", '{"dueTime":5}', '{"ttl":[]}', '{"overwrite":"x"}', '{"failure_policy":5}'],
    ['{"failure_policy":{"constant":{"interval":"x"}}}', '{"failure_policy":{"constant":{"maxRetries":-1}}}'],
    ['{"failure_policy":{}}', '{"failure_policy":{"drop":{},"constant":{}}}', '{"data":}', '{"data":1} x'],
  ])("refuses %s", async (...bodies) => {
    for (const body of bodies) {
      expect(await reminder("POST", "n", body), body).toMatchObject({
        status: 400,
        body: { errorCode: "ERR_MALFORMED_REQUEST" },
      });
    }
  });
});

describe("the API of timers", () => {
  const clock = new FakeClock();
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const bodies: string[] = [];
  const timers = new ActorTimers(
    {
      ...{ owns: () => true, active: () => true },
      call: async (_type, _id, _method, body) => {
        bodies.push(new TextDecoder().decode(body));
        return { status: 200, headers: [], body: undefined };
      },
    },
    { clock, log },
  );
  const timer = (method: string, body: string, hosted = true) =>
    read(
      answerTimer({ core, timers: hosted ? timers : undefined, method, body: encode(body) }, ["T", "1", "n"]),
    );

  it("registers with what was sent, and deletes", async () => {
    expect(timer("POST", '{"data": {"a" : 1}, "dueTime":"1s", "callback":"c", "more":1}')).toEqual({
      status: 204,
    });
    await clock.advance(1000);
    expect(bodies).toEqual(['{"data":{"a" : 1},"callback":"c","dueTime":"1s","period":""}']);
    expect(timer("PUT", '{"dueTime":"1s"}')).toEqual({ status: 204 });
    expect(timer("DELETE", "")).toEqual({ status: 204 });
    expect(timer("DELETE", "", false)).toEqual({ status: 204 });
    await clock.advance(5000);
    expect(bodies).toHaveLength(1);
  });

  it("refuses what is no schedule, and types that are not hosted", () => {
    expect(timer("POST", '{"dueTime":"x"}')).toEqual({
      status: 500,
      body: {
        errorCode: "ERR_ACTOR_TIMER_CREATE",
        message:
          "error creating actor timer: error parsing timer due time: unsupported time/duration format: x",
      },
    });
    expect(timer("POST", "{}", false)).toEqual({
      status: 500,
      body: {
        errorCode: "ERR_ACTOR_TIMER_CREATE",
        message: "error creating actor timer: can't create timer for actor T||1: actor type not registered",
      },
    });
  });
});
