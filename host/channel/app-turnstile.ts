import { Turnstile } from "../turnstile.ts";
import { AppUnreachableError } from "./app-channel.ts";

/** Each call that waits holds its request in memory. */
const mostWaiting = 10_000;

/** For an app that takes `limit` calls at a time: the others wait, and more than can be held are refused. */
export function appTurnstile(limit: number): Turnstile {
  const calls = `${mostWaiting} calls wait for the ${limit} at a time that it takes (max concurrency)`;
  return new Turnstile(limit, {
    most: mostWaiting,
    full: () => new AppUnreachableError(`the app does not keep up: ${calls}`),
  });
}
