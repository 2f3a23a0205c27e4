import { type AppChannel, AppUnreachableError } from "../channel/app-channel.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { readBody } from "../http.ts";
import { type Platform, sleep } from "../platform.ts";
import { type ActorConfig, noActors, parseActorConfig } from "./actor-config.ts";

const largest = 1 << 20;
const againMs = 100;

/**
 * What the app hosts: `GET /dapr/config`, asked again for as long as it cannot be reached. Any status but 200 is an app
 * without actors, as in Dapr; undefined is an answer that cannot be used, which is logged. Rejects only when the signal
 * aborts.
 */
export async function readActorConfig(
  app: AppChannel,
  appId: string,
  { clock, log }: Platform,
  signal: AbortSignal,
): Promise<ActorConfig | undefined> {
  const headers = ["content-type", "application/json", "dapr-app-id", appId];
  for (;;) {
    try {
      const request = { method: "GET", path: "/dapr/config", query: "", headers, body: undefined, signal };
      const { status, body } = await app.invoke(request);
      const text = new TextDecoder().decode(await readBody(body, largest));
      if (status !== 200) return noActors;
      return parseActorConfig(text, (sentence) => log.warn(`GET /dapr/config of the app: ${sentence}`));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof AppUnreachableError) {
        await sleep(clock, againMs, signal);
        continue;
      }
      log.error(`the app's answer to GET /dapr/config cannot be used: ${reasonOf(error)}`);
      return undefined;
    }
  }
}
