import { backOff } from "./back-off";

function exponential(failures: i32, chance: f64 = 0.5, elapsed: f64 = 0): f64 {
  return backOff(1, 60000, -1, 900000, failures, elapsed, chance);
}

describe("back-off", () => {
  it("waits the same each time", () => {
    expect(backOff(0, 5000, -1, 0, 1, 0, 0.9)).toBe(5000);
    expect(backOff(0, 5000, -1, 0, 1000000, 1e12, 0.9)).toBe(5000);
  });

  it("ends after the retries", () => {
    expect(backOff(0, 5000, 2, 0, 2, 0, 0)).toBe(5000);
    expect(backOff(0, 5000, 2, 0, 3, 0, 0)).toBe(-1);
    expect(backOff(1, 5000, 0, 0, 1, 0, 0)).toBe(-1);
  });

  it("grows by half, up to its interval", () => {
    expect(exponential(1)).toBe(500);
    expect(exponential(2)).toBe(750);
    expect(exponential(3)).toBe(1125);
    expect(exponential(40)).toBe(60000);
    expect(exponential(0x7fffffff)).toBe(60000);
  });

  it("is spread by chance over half to one and a half", () => {
    expect(exponential(1, 0)).toBe(250);
    expect(exponential(1, 0.999)).toBeLessThan(750);
    expect(exponential(1, 0.999)).toBeGreaterThan(749);
  });

  it("begins no higher than its interval", () => {
    expect(backOff(1, 100, -1, 0, 1, 0, 0.5)).toBe(100);
  });

  it("gives up when it would last too long", () => {
    expect(exponential(1, 0.5, 899500)).toBe(500);
    expect(exponential(1, 0.5, 899501)).toBe(-1);
    expect(backOff(0, 5000, -1, 900000, 1, 895000, 0)).toBe(5000);
    expect(backOff(0, 5000, -1, 900000, 1, 895001, 0)).toBe(-1);
  });
});
