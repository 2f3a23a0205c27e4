import { AppHost, baseOf } from "./app-host.ts";
import type { Page } from "./page.ts";
import type { RegisterContext } from "./register.ts";
import type { Served, ServeOptions } from "./serve.ts";

/** Behind `serve()` of the client. */
export async function serveApp(
  options: ServeOptions,
  { window, clock }: RegisterContext,
  page: Page,
): Promise<Served> {
  const { appId, fetch: handler, subscriptions, maxConcurrency } = options;
  const door = page.door(appId);
  if (door === undefined) throw new Error(`serve(): ${appId} was unregistered meanwhile`);
  const parts = { handler, subscriptions, maxConcurrency };
  await door.serve(new AppHost(parts, clock, baseOf(window), door.app));
  return { appId, stop: () => door.serve(door.app?.withoutApp()) };
}
