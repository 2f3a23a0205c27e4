import { reasonOf } from "../host/errors/reason-of.ts";
import { PROTOCOL, type Update } from "./messages.ts";
import type { ScopeHostOptions } from "./scope-host-options.ts";

/** Brings a registered app to other components, tells the page how it went, and keeps what is open for later starts. */
export async function updateApp(
  { daprlet, appId, resources }: Update,
  port: MessagePort,
  { sidecars, registrations, platform }: ScopeHostOptions,
): Promise<void> {
  const app = sidecars.app(appId);
  try {
    if (app === undefined || daprlet !== PROTOCOL) throw new Error("reload the page, and register again");
    await app.update(resources);
    port.postMessage(true);
  } catch (error) {
    port.postMessage(reasonOf(error));
  }
  if (app === undefined) return;
  const kept = { registration: app.registration, registeredAt: platform.clock.now() };
  await registrations.keep(kept, undefined).catch((error: unknown) => {
    platform.log.warn(`the components of ${appId} are not kept`, { cause: reasonOf(error) });
  });
}
