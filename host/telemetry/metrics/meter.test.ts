import { describe, expect, it } from "vitest";
import { Meter, type MeterOptions } from "./meter.ts";

const meter = (options: Partial<MeterOptions> = {}) =>
  new Meter({ labels: ["topic", "status"], bounds: [1, 5], limit: 3, full: () => {}, ...options });

describe("Meter", () => {
  it("spreads numbers over the bounds, each of which holds what equals it", () => {
    const series = meter().series("a", "ok");
    for (const value of [0, 1, 1.5, 5, 6, 1000]) series.add(value);
    expect([series.count, series.sum, [...series.spread]]).toEqual([6, 1013.5, [2, 2, 2]]);
  });

  it("tells sets of values apart by every one of them", () => {
    const own = meter();
    expect(own.series("a", "ok")).toBe(own.series("a", "ok"));
    for (const other of [own.series("a", "no"), own.series("b", "ok"), own.series("aok", "")])
      expect(other).not.toBe(own.series("a", "ok"));
  });

  it("counts what is beyond the limit as one, and says so once", () => {
    let told = 0;
    const own = meter({ full: () => told++ });
    for (let i = 0; i < 1000; i++) own.series(`topic ${i}`, "ok").increase();
    own.series("topic 0", "ok").increase();
    expect(told).toBe(1);
    expect(own.all.map(({ values, count }) => [...values, count])).toEqual([
      ["topic 0", "ok", 2],
      ["topic 1", "ok", 1],
      ["topic 2", "ok", 1],
      ["other", "other", 997],
    ]);
  });

  it("counts together what is told as one, in however many spellings it comes", () => {
    const own = meter({ rewrite: ([topic = "", status = ""]) => [topic.replace(/\d+/, "{n}"), status] });
    for (let i = 0; i < 1000; i++) own.series(`order ${i}`, "ok").increase();
    expect(own.all.map(({ values, count }) => [...values, count])).toEqual([["order {n}", "ok", 1000]]);
  });
});
