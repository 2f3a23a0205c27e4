import type { Sidecars } from "../sidecars.ts";
import type { PagePackages } from "./page-packages.ts";

type Host = { [key]?: Map<string, InPage> };

const key = Symbol.for("daprlet.page-mode");

/** One scope's apps in this page. */
export interface InPage {
  readonly sidecars: Sidecars;
  /** The way back from the page's patched globals. */
  readonly restore: () => void;
  /** Undefined where it was registered without any. */
  readonly packages: Promise<PagePackages> | undefined;
}

/** What runs in this page, by scope, also when two copies of the client are loaded. */
export function inPages(page: object): Map<string, InPage> {
  const host = page as Host;
  host[key] ??= new Map();
  return host[key];
}

export function inPageOf(page: object, scope: string): InPage | undefined {
  return (page as Host)[key]?.get(scope);
}
