import { INBOX } from "../memory";
import { breakerState, enterBreaker, leaveBreaker, tripBreaker } from "./breaker";

const CLOSED: i32 = 0;
const HALF_OPEN: i32 = 1;
const OPEN: i32 = 2;

/** Trips at the third failure in a row, opens for 1000, counts for `interval`. */
function breaker(admits: u32 = 1, interval: f64 = 0): void {
  memory.fill(INBOX, 0, 92);
  store<f64>(INBOX, interval);
  store<f64>(INBOX, interval, 8);
  store<f64>(INBOX, 1000, 16);
  store<u32>(INBOX, admits, 24);
  store<u32>(INBOX, 1, 56);
  store<u32>(INBOX, 4 | (0 << 8), 60);
  store<u32>(INBOX, 2, 64);
}

function generation(): u32 {
  return load<u32>(INBOX, 32);
}

function run(now: f64, outcome: i32): i32 {
  const refusal = enterBreaker(now);
  if (refusal != 0) return refusal;
  leaveBreaker(now, generation(), outcome);
  return 0;
}

describe("breaker", () => {
  it("opens by its terms, and admits one when its time is over", () => {
    breaker();
    for (let i = 0; i < 3; i++) expect(run(1, 1)).toBe(0);
    expect(run(1, 0)).toBe(OPEN);
    expect(run(1001, 0)).toBe(OPEN);
    expect(enterBreaker(1002)).toBe(0);
    expect(enterBreaker(1002)).toBe(HALF_OPEN);
    leaveBreaker(1002, generation(), 0);
    expect(breakerState(1002)).toBe(CLOSED);
  });

  it("opens again at a failure while half-open, and closes after as many successes as it admits", () => {
    breaker(2);
    for (let i = 0; i < 3; i++) run(1, 1);
    expect(run(1002, 1)).toBe(0);
    expect(breakerState(1002)).toBe(OPEN);
    expect(run(2003, 0)).toBe(0);
    expect(breakerState(2003)).toBe(HALF_OPEN);
    expect(run(2003, 0)).toBe(0);
    expect(breakerState(2003)).toBe(CLOSED);
  });

  it("counts failures in a row, and forgets them after its interval", () => {
    breaker(1, 100);
    run(1, 1);
    run(1, 1);
    run(1, 0);
    run(1, 1);
    run(1, 1);
    run(101, 1);
    expect(breakerState(101)).toBe(CLOSED);
    run(102, 1);
    run(102, 1);
    expect(breakerState(102)).toBe(OPEN);
  });

  it("takes no answer of an earlier generation", () => {
    breaker();
    expect(enterBreaker(1)).toBe(0);
    const before = generation();
    for (let i = 0; i < 3; i++) run(1, 1);
    expect(enterBreaker(1002)).toBe(0);
    leaveBreaker(1002, before, 0);
    expect(breakerState(1002)).toBe(HALF_OPEN);
  });

  it("gives the place of a request back that was withdrawn", () => {
    breaker();
    for (let i = 0; i < 3; i++) run(1, 1);
    expect(run(1002, 2)).toBe(0);
    expect(breakerState(1002)).toBe(HALF_OPEN);
    expect(run(1002, 0)).toBe(0);
    expect(breakerState(1002)).toBe(CLOSED);
  });

  it("asks the host where it has no terms of its own", () => {
    breaker();
    store<u32>(INBOX, 0, 56);
    enterBreaker(1);
    expect(leaveBreaker(1, generation(), 1)).toBe(1);
    tripBreaker(1);
    expect(breakerState(1)).toBe(OPEN);
    tripBreaker(1002);
    expect(breakerState(1002)).toBe(HALF_OPEN);
  });

  it("relates counters and numbers in six ways, and demands all terms", () => {
    // Whether one failure relates to 0, 1 and 2, by relation.
    const expected: StaticArray<i32> = [1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1];
    for (let relation: u32 = 0; relation < 6; relation++) {
      for (let number: u32 = 0; number < 3; number++) {
        breaker();
        store<u32>(INBOX, 2, 56);
        store<u32>(INBOX, 2 | (relation << 8), 60);
        store<u32>(INBOX, number, 64);
        store<u32>(INBOX, 0 | (1 << 8), 68);
        store<u32>(INBOX, 1, 72);
        run(1, 1);
        expect(breakerState(1) == OPEN).toBe(expected[relation * 3 + number] == 1);
      }
    }
    breaker();
    store<u32>(INBOX, 2, 56);
    store<u32>(INBOX, 0, 64);
    store<u32>(INBOX, 0, 68);
    store<u32>(INBOX, 1, 72);
    run(1, 1);
    expect(breakerState(1)).toBe(CLOSED);
  });
});
