/** What a page needs to host actors; all others never load it. */
import type { Core } from "../host/core/core.ts";
import type { Clock } from "../host/platform.ts";
import { consoleLog, webPlatform } from "../host/web-platform.ts";
import { PageHost, type PageHostOptions } from "./actors/page-host.ts";
import { embeddedCore } from "./embedded-core.ts";

export async function hostInPage(
  options: Pick<PageHostOptions, "app" | "nudge">,
  clock: Clock,
): Promise<PageHost> {
  const core: Core = await embeddedCore()();
  const platform = { ...webPlatform(consoleLog("info", "daprlet")), clock };
  return new PageHost({ ...options, platform, core });
}
