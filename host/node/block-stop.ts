import type { AppChannel } from "../channel/app-channel.ts";
import type { Clock, Log } from "../platform.ts";

/** Resolves after `ms`, or as soon as the app's health checks fail: until then a stop leaves everything as it is. */
export function blockStop(ms: number, app: AppChannel | undefined, clock: Clock, log: Log): Promise<void> {
  log.info(`the stop begins in ${ms / 1000} s, or when the app is unhealthy`);
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    app?.watch?.((healthy) => {
      if (healthy) return;
      cancel();
      resolve();
    });
  });
}
