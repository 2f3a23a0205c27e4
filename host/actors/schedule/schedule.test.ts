import { describe, expect, it } from "vitest";
import { goDuration } from "./go-duration.ts";
import { parseSchedule, ScheduleError, type ScheduleKind } from "./parse-schedule.ts";
import { nextTick, type Schedule } from "./schedule.ts";

const now = Date.UTC(2026, 0, 31, 12);
const parse = (kind: ScheduleKind, texts: Partial<Record<"dueTime" | "period" | "ttl", string>>) =>
  parseSchedule(kind, "T||1||n", { dueTime: "", period: "", ttl: "", ...texts }, now);
const refusal = (kind: ScheduleKind, texts: Parameters<typeof parse>[1]) => {
  try {
    parse(kind, texts);
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
  return "accepted";
};
const at = (text: string) => Date.parse(text);

describe("a due time", () => {
  it.each([
    ["", now],
    ["0", now],
    ["0h0m3s0ms", now + 3000],
    ["1h30m", now + 54e5],
    ["1.5h", now + 54e5],
    ["+1s", now + 1000],
    ["1µs", now + 1],
    ["300ms", now + 300],
    ["PT1H1M1S", now + 3661e3],
    ["P1D", now + 864e5],
    ["P1W2D", now + 9 * 864e5],
    ["P1M", at("2026-02-28T12:00:00Z")],
    ["P1Y2M3DT4H5M6S", at("2027-04-03T16:05:06Z")],
    ["2020-01-01T00:00:00Z", at("2020-01-01T00:00:00Z")],
    ["2030-01-01T00:00:00+02:00", at("2029-12-31T22:00:00Z")],
    ["2030-01-01T00:00:00.5Z", at("2030-01-01T00:00:00.500Z")],
    ["0001-01-01T00:00:00Z", at("0001-01-01T00:00:00Z")],
  ])("%s", (dueTime, due) => {
    expect(parse("timer", { dueTime }).due).toBe(due);
    expect(parse("reminder", { dueTime }).due).toBe(due);
  });

  it.each(
    ["1m2", "PT0.5S", "P", "PT", "P1", "PT5", "P1DT", "PT1S1H", "P1Y1Y", "P-1D", "PT-5S", "-PT5S", "pt5s"]
      .concat([
        "P1.5D",
        "R/PT5S",
        "2030-01-01",
        "2030-01-01T00:00:00",
        "2030-02-30T00:00:00Z",
        "tomorrow",
        "5",
      ])
      .concat([
        "2030-01-01t00:00:00z",
        "2030-01-01T24:00:00Z",
        "@every 5s",
        "* * * * * *",
        "1d",
        " 1s",
        "1e3s",
      ])
      .concat(["9999999h", "P999999999Y", "P99999999999999999999D"]),
  )("refuses %s", (dueTime) => {
    const cause = `unsupported time/duration format: ${dueTime}`;
    expect(refusal("timer", { dueTime })).toBe(`error parsing timer due time: ${cause}`);
    expect(refusal("reminder", { dueTime })).toBe(`error parsing reminder due time: ${cause}`);
  });

  it("refuses repetitions and what is negative", () => {
    expect(refusal("timer", { dueTime: "R2/PT5S" })).toBe(
      "error parsing timer due time: repetitions are not allowed",
    );
    expect(refusal("timer", { dueTime: "-1s" })).toBe("error parsing timer due time: it is negative: -1s");
  });
});

describe("a period", () => {
  const ms = (value: number, repetitions?: number) => [{ months: 0, days: 0, ms: value }, repetitions];
  it.each([
    ["1m", ...ms(6e4)],
    ["100ms", ...ms(100)],
    ["PT5S", ...ms(5000)],
    ["R2/PT5S", ...ms(5000, 2)],
    ["R01/PT1S", ...ms(1000, 1)],
    ["R+2/PT5S", ...ms(5000, 2)],
    ["R4294967298/PT1S", ...ms(1000, 4294967298)],
    ["0s", undefined, undefined],
    ["PT0S", undefined, undefined],
    ["P0D", undefined, undefined],
    ["", undefined, undefined],
  ])("%s", (text, period, repetitions) => {
    expect(parse("timer", { period: text })).toMatchObject({ period, repetitions });
    expect(parse("reminder", { period: text })).toMatchObject({ period, repetitions });
  });

  it.each(["P1D", "P1M", "P1Y", "R2/P1W", "R2/P1WT1S", "P1M2D"])(
    "%s of timers only, as Dapr has it",
    (period) => {
      expect(refusal("timer", { period })).toBe("accepted");
      expect(refusal("reminder", { period })).toBe(`unsupported period format: ${period}`);
    },
  );

  it.each(
    [
      "R/PT5S",
      "R5/10s",
      "R2PT5S",
      "R3",
      "R3/",
      "R1.5/PT1S",
      "R99999999999999999999/PT1S",
      "@every 1s",
      "@daily",
    ].concat(["*/5 * * * * *", "PT0.5S", "2030-01-01T00:00:00Z", "5", "r2/PT5S", "R2/-PT5S", "PT-5S"]),
  )("refuses %s", (period) => {
    expect(refusal("timer", { period })).toBe(
      `invalid timer period: parse error: unsupported duration format: ${period}`,
    );
    expect(refusal("reminder", { period })).toBe(`unsupported period format: ${period}`);
  });

  it.each([
    ["R0/PT5S", "has zero repetitions"],
    ["R-1/PT5S", "has negative repetitions"],
    ["-1s", "it is negative"],
  ])("refuses %s", (period, cause) => {
    expect(refusal("timer", { period })).toBe(`invalid timer period: ${cause}`);
    expect(refusal("reminder", { period })).toBe(`invalid reminder period: ${cause}`);
  });
});

describe("a ttl", () => {
  it.each([
    ["1m", now + 66e4],
    ["PT10S", now + 61e4],
    ["0s", now + 6e5],
    ["2035-01-01T00:00:00Z", at("2035-01-01T00:00:00Z")],
  ])("%s counts from the first tick", (ttl, until) => {
    expect(parse("timer", { dueTime: "10m", ttl }).until).toBe(until);
  });

  it.each([
    ["-1s", "timer T||1||n has already expired: dueTime: 2026-01-31T12:10:00.000Z TTL: -1s"],
    [
      "2020-01-01T00:00:00Z",
      "timer T||1||n has already expired: dueTime: 2026-01-31T12:10:00.000Z TTL: 2020-01-01T00:00:00Z",
    ],
    ["R2/PT1S", "error parsing timer TTL: repetitions are not allowed"],
    ["5", "error parsing timer TTL: unsupported time/duration format: 5"],
  ])("refuses %s", (ttl, message) => {
    expect(refusal("timer", { dueTime: "10m", ttl })).toBe(message);
  });
});

describe("the next tick", () => {
  const ticks = (schedule: Schedule, count: number, from = schedule.due - 1) => {
    const found: string[] = [];
    let tick = nextTick(schedule, from);
    for (; tick !== undefined && found.length < count; tick = nextTick(schedule, tick)) {
      found.push(new Date(tick).toISOString().replace(".000Z", ""));
    }
    return found;
  };

  it("is fixed-rate, whatever a tick is late by", () => {
    const schedule = parse("timer", { dueTime: "1m", period: "20s" });
    expect(ticks(schedule, 3)).toEqual(["2026-01-31T12:01:00", "2026-01-31T12:01:20", "2026-01-31T12:01:40"]);
    expect(nextTick(schedule, now + 80_001)).toBe(now + 100_000);
    expect(nextTick(schedule, now + 365 * 864e5 + 1)).toBe(now + 365 * 864e5 + 20_000);
  });

  it("keeps the day of the month where the month has it", () => {
    expect(ticks(parse("timer", { period: "P1M" }), 4)).toEqual(
      ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"].map((day) => `${day}T12:00:00`),
    );
    const leap = { ...parse("timer", { period: "P1Y" }), due: at("2024-02-29T00:00:00Z") };
    expect(ticks(leap, 5)).toEqual(
      ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"].map((day) => `${day}T00:00:00`),
    );
    expect(ticks(parse("timer", { period: "P1M" }), 1, at("2126-03-01T00:00:00Z"))).toEqual([
      "2126-03-31T12:00:00",
    ]);
  });

  it("ends before the ttl, and after the only one", () => {
    expect(ticks(parse("timer", { period: "300ms", ttl: "1s" }), 9)).toHaveLength(4);
    expect(ticks(parse("timer", { period: "1s", ttl: "4s" }), 9)).toHaveLength(4);
    expect(ticks(parse("timer", { dueTime: "1s" }), 9)).toHaveLength(1);
  });

  it("comes with every millisecond where the period is shorter, and without end where the calendar has one", () => {
    const schedule = parse("timer", { period: "1µs" });
    expect([0, 1, 1e9].map((after) => nextTick(schedule, now + after))).toEqual([
      now + 1,
      now + 2,
      now + 1e9 + 1,
    ]);
    expect(nextTick(parse("timer", { period: "P200000Y" }), now + 1)).toBeGreaterThan(now);
    expect(nextTick(parse("timer", { period: "P200000Y" }), 8e15)).toBeUndefined();
  });

  it("has fractions of milliseconds without drift", () => {
    const schedule = parse("timer", { period: "1.5ms" });
    expect([0, 2, 3, 5].map((after) => nextTick(schedule, now + after))).toEqual(
      [2, 3, 5, 6].map((ms) => now + ms),
    );
  });
});

it.each([
  [0, "0s"],
  [1e-6, "1ns"],
  [0.0015, "1.5µs"],
  [300, "300ms"],
  [1500, "1.5s"],
  [20_000, "20s"],
  [60_000, "1m0s"],
  [80_000, "1m20s"],
  [54e5, "1h30m0s"],
  [864e5, "24h0m0s"],
])("writes %d ms as Go does", (ms, text) => {
  expect(goDuration(ms)).toBe(text);
});
