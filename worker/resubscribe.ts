import { reasonOf } from "../host/errors/reason-of.ts";
import { type Platform, withTimeout } from "../host/platform.ts";
import type { App } from "./sidecars.ts";

const SUBSCRIBE_MS = 5000;

/** Waits for the app's subscriptions for as long as a page may be kept waiting; they go on without it. */
export async function resubscribe(app: App, { clock, log }: Platform): Promise<void> {
  const { appId } = app.registration;
  try {
    const late = () => new Error(`its tabs did not tell them within ${SUBSCRIBE_MS} ms; it goes on`);
    await withTimeout(clock, SUBSCRIBE_MS, app.resubscribe(), late);
  } catch (error) {
    const cause = reasonOf(error);
    log.error(`the subscriptions of ${appId} could not be read`, { cause });
  }
}
