import { describe, expect, it } from "vitest";
import { LazyAbort, signalOf } from "./abortable.ts";

describe("LazyAbort", () => {
  it("tells those who listen, once, and none who has stopped", () => {
    const abort = new LazyAbort();
    const told: string[] = [];
    const gone = () => told.push("gone");
    abort.addEventListener("abort", gone);
    abort.addEventListener("abort", () => told.push("stays"));
    abort.removeEventListener("abort", gone);
    abort.removeEventListener("abort", gone);
    abort.abort("why");
    abort.abort("again");
    expect([told, abort.aborted, abort.reason]).toEqual([["stays"], true, "why"]);
  });

  it.each(["before", "after"])("has a signal that says the same, made %s it aborts", (when) => {
    const abort = new LazyAbort();
    if (when === "before") expect(signalOf(abort).aborted).toBe(false);
    abort.abort();
    const signal = signalOf(abort);
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(signal).toBe(abort.signal);
    expect([signal.aborted, signal.reason]).toEqual([true, abort.reason]);
    expect((abort.reason as Error).name).toBe("AbortError");
  });

  it("is not made of a signal, which is taken as it is", () => {
    const { signal } = new AbortController();
    expect(signalOf(signal)).toBe(signal);
  });
});
