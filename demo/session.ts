import { signal } from "@preact/signals";

export interface Step {
  readonly name: string;
  readonly ms: number;
}

export interface Received {
  readonly at: Date;
  readonly text: string;
}

const address = new URL(location.href);

/** What the parts of the page share. The app id and the relay come from the address, so a link is a set-up. */
export const session = {
  appId: address.searchParams.get("app") ?? "first-tab",
  /** The relay that `npm start` runs beside this page, or the one in the address. */
  relay: address.searchParams.get("relay") ?? (import.meta.env.VITE_RELAY_URL as string | undefined),
  steps: signal<readonly Step[]>([]),
  ready: signal(false),
  /** One sentence of what the runtime fell back to. */
  note: signal<string | undefined>(undefined),
  failure: signal<string | undefined>(undefined),
  received: signal<readonly Received[]>([]),
};

/** The pub/sub components that events go to: this browser's tabs, and, with a relay, everybody who joined it. */
export const pubsubs: readonly string[] = session.relay === undefined ? ["pubsub"] : ["pubsub", "relay"];

export function note(text: string): void {
  session.received.value = [{ at: new Date(), text }, ...session.received.value].slice(0, 50);
}

/** This page's address with another app id, for a second tab or a second browser. */
export function addressOf(appId: string): string {
  const other = new URL(location.href);
  other.searchParams.set("app", appId);
  return other.href;
}
