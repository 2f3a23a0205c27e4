/** `daprlet/lent`: work that visitors lend their machines to, for pages and for Node. */

import { consoleLog, systemClock, webPlatform } from "../web-platform.ts";
import { Contributor, type ContributorOptions } from "./contributor.ts";
import { Coordinator, type CoordinatorOptions } from "./coordinator.ts";

export type { Contributor, ContributorOptions } from "./contributor.ts";
export type { Coordinator, CoordinatorOptions } from "./coordinator.ts";
export type { SidecarFetch } from "./lent-records.ts";
export type { LentPackage, Project } from "./project.ts";
export type { ShownProject } from "./project-work.ts";
export { type Credit, quorum, type Validator, type Verdict, type Vote } from "./validator.ts";

/** What there is a default of. */
type Given<T, Defaulted extends keyof T> = Omit<T, Defaulted> & Partial<Pick<T, Defaulted>>;

/** The app that gives out work; to be started once its sidecar answers. */
export function coordinator(options: Given<CoordinatorOptions, "clock" | "uuid">): Coordinator {
  const { clock, uuid } = webPlatform(consoleLog("info", "daprlet"));
  return new Coordinator({ clock, uuid, ...options });
}

/** A visitor that takes part; to be started once the project's package is there. */
export function contributor(options: Given<ContributorOptions, "clock">): Contributor {
  return new Contributor({ clock: systemClock, ...options });
}
