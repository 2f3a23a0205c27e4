import { signal } from "@preact/signals";
import type { Registered } from "daprlet";

export interface Step {
  readonly name: string;
  readonly ms: number;
}

/** One call or event that reached this tab's app. */
export interface Received {
  readonly at: Date;
  /** The pub/sub component of an event, or `invoke`. */
  readonly by: string;
  readonly text: string;
}

const address = new URL(location.href);

/** What the parts of the page share. The app id and the relay come from the address, so a link is a set-up. */
export const session = {
  appId: address.searchParams.get("app") ?? "first-tab",
  /** The relay that `npm start` runs beside this page, or the one in the address. */
  relay: address.searchParams.get("relay") ?? (import.meta.env.VITE_RELAY_URL as string | undefined),
  steps: signal<readonly Step[]>([]),
  /** Set when the sidecar answers and this tab's app is served. */
  sidecar: signal<Registered | undefined>(undefined),
  failure: signal<string | undefined>(undefined),
  /** The sidecar was unregistered in this tab. */
  ended: signal(false),
  received: signal<readonly Received[]>([]),
};

/** The pub/sub components that events go to: this browser's tabs, and, with a relay, everybody who joined it. */
export const pubsubs: readonly string[] = session.relay === undefined ? ["pubsub"] : ["pubsub", "relay"];

export function note(by: string, text: string): void {
  session.received.value = [{ at: new Date(), by, text }, ...session.received.value].slice(0, 50);
}

/** This page's address with another app id, for a second tab or a second browser. */
export function addressOf(appId: string): string {
  const other = new URL(location.href);
  other.searchParams.set("app", appId);
  return other.href;
}
