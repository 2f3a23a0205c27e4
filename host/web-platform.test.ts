import { afterEach, expect, it, vi } from "vitest";
import { systemClock } from "./web-platform.ts";

afterEach(() => void vi.useRealTimers());

it("waits for months, which no timer of a platform does, and can be told not to at any time", () => {
  vi.useFakeTimers();
  const days = 24 * 60 * 60_000;
  const rung: string[] = [];
  systemClock.after(60 * days, () => rung.push("sixty days"));
  const cancel = systemClock.after(61 * days, () => rung.push("cancelled"));
  vi.advanceTimersByTime(60 * days - 1);
  expect(rung).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(rung).toEqual(["sixty days"]);
  cancel();
  vi.advanceTimersByTime(10 * days);
  expect(rung).toEqual(["sixty days"]);
});
