/** What Dapr's exponential back-off is made of: its first interval in milliseconds, its growth, and its spread. */
const INITIAL: f64 = 500;
const GROWTH: f64 = 1.5;
const SPREAD: f64 = 0.5;

/** No further attempt. */
const STOP: f64 = -1;

/**
 * Milliseconds to wait after the `failures`-th failure in a row (1 is the first), or STOP.
 *
 * constant: always `interval`. exponential: 500 ms, half as long again each time and never above `interval`, spread by
 * `chance` (0 ≤ chance < 1) over one half to one and a half of that. It is over after so many `retries` (below zero: no
 * number ends it), and when it would last beyond `longest` after the first attempt, of which `elapsed` are over; 0: no time
 * ends it.
 */
export function backOff(
  exponential: i32,
  interval: f64,
  retries: i32,
  longest: f64,
  failures: i32,
  elapsed: f64,
  chance: f64,
): f64 {
  if (retries >= 0 && failures > retries) return STOP;
  let wait = interval;
  if (exponential) {
    let mean = min(INITIAL, interval);
    for (let i = 1; i < failures && mean < interval; i++) mean = min(mean * GROWTH, interval);
    wait = mean * (1 - SPREAD) + mean * 2 * SPREAD * chance;
  }
  return longest > 0 && elapsed + wait > longest ? STOP : wait;
}
