import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { DiskPace } from "./disk-pace.ts";

let now = 1;
const clock = { now: () => now, after: () => () => undefined };

describe.skipIf(process.platform !== "linux")("a disk", () => {
  it("that was slow is asked in the background for a while, also where it failed", () => {
    const pace = new DiskPace(tmpdir(), clock);
    pace.measure(() => undefined);
    expect(pace.quick).toBe(true);
    const failing = () => {
      now += 50;
      throw new Error("no such file");
    };
    expect(() => pace.measure(failing)).toThrow("no such file");
    expect(pace.quick).toBe(false);
    now += 2_000;
    expect(pace.quick).toBe(true);
  });

  it("that others can hold up is never asked on the spot", () => {
    expect(new DiskPace("/proc", clock).quick).toBe(false);
    expect(new DiskPace("/is not there", clock).quick).toBe(false);
  });
});
