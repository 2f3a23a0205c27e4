import { type AppChannel, AppUnreachableError } from "../channel/app-channel.ts";
import { type RuntimeResponse, readBody } from "../http.ts";
import { sleep } from "../platform.ts";
import type { Sidecar } from "../sidecar.ts";
import { type AppSubscription, parseSubscriptions } from "./app-subscription.ts";

/** Milliseconds between two attempts while the app cannot be reached: the first wait, and the longest. */
const firstWaitMs = 100;
const longestWaitMs = 1_000;

async function ask(
  app: AppChannel,
  { appId, platform }: Sidecar,
  signal: AbortSignal,
): Promise<RuntimeResponse> {
  for (let wait = firstWaitMs; ; wait = Math.min(longestWaitMs, wait * 2)) {
    try {
      return await app.invoke({
        method: "GET",
        path: "/dapr/subscribe",
        query: "",
        headers: ["content-type", "application/json", "dapr-app-id", appId],
        body: undefined,
        signal,
      });
    } catch (error) {
      if (!(error instanceof AppUnreachableError)) throw error;
      await sleep(platform.clock, wait, signal);
    }
  }
}

/**
 * What the app subscribes to: `GET /dapr/subscribe`, asked again for as long as the app cannot be reached. Undefined
 * when its answer cannot be used, which is logged; an app that answers 404 subscribes to nothing. Rejects only when
 * the signal aborts.
 */
export async function readSubscriptions(
  app: AppChannel,
  sidecar: Sidecar,
  signal: AbortSignal,
): Promise<readonly AppSubscription[] | undefined> {
  const { log } = sidecar;
  try {
    const { status, body } = await ask(app, sidecar, signal);
    const bytes = await readBody(body, sidecar.maxBodySize);
    if (status === 404) return [];
    if (status === 200) return parseSubscriptions(bytes, (sentence) => log.warn(sentence));
    // Dapr's SDKs answer 204 where there is nothing.
    if (status === 204) return [];
    log.error(`the app answered GET /dapr/subscribe with ${status}; its subscriptions are not known`);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const cause =
      error instanceof SyntaxError
        ? "no valid JSON array (an app that subscribes to nothing answers 404 or [])"
        : (error as Error).message;
    log.error(`the app's answer to GET /dapr/subscribe cannot be used: ${cause}`);
  }
  return undefined;
}
