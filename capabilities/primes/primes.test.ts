import { describe, expect, it } from "vitest";
import { Guest } from "../../tests/capability/guest.ts";

const guest = await Guest.of("primes");
const primes = (from: number, to: number, as = "count") =>
  guest.call([
    ["from", String(from)],
    ["to", String(to)],
    ["as", as],
  ]);

function isPrime(n: number): boolean {
  if (n < 2) return false;
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}

describe("primes", () => {
  // As tables of π(x) have it.
  it.each([
    [0, 100, 25],
    [0, 10_000_000, 664_579],
  ])("counts those from %i to %i", (from, to, count) => {
    expect(JSON.parse(primes(from, to).text)).toMatchObject({ from, to, count });
  });

  it("goes up to 10^12", () => {
    const [from, to] = [1e12 - 100, 1e12];
    const list = Array.from({ length: 101 }, (_, i) => from + i).filter(isPrime);
    expect(list.length).toBeGreaterThan(1);
    expect(JSON.parse(primes(from, to, "list").text)).toEqual(list);
  });

  it("lists what trial division finds, wherever an interval begins and ends", () => {
    for (let from = 0; from < 40; from++) {
      for (let to = from; to < 60; to += 3) {
        const list = Array.from({ length: to - from + 1 }, (_, i) => from + i).filter(isPrime);
        expect(JSON.parse(primes(from, to, "list").text)).toEqual(list);
        const sum = String(list.reduce((a, b) => a + b, 0));
        const ends = list.length === 0 ? {} : { first: list[0], last: list.at(-1) };
        expect(JSON.parse(primes(from, to).text)).toEqual({ from, to, count: list.length, ...ends, sum });
      }
    }
  });

  it.each([
    [-1, 5],
    [5, 4],
    [0.5, 4],
    [0, 1e13],
    [0, 20_000_000],
    [0, Number.NaN],
  ])("refuses %f to %f", (from, to) => {
    expect(primes(from, to)).toMatchObject({ status: 400, error: "ERR_BAD_REQUEST" });
  });

  it("lists no more than people read", () => {
    expect(primes(0, 1_000_000, "list")).toMatchObject({ status: 400 });
  });
});
