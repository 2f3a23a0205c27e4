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
  relay: address.searchParams.get("relay") ?? undefined,
  steps: signal<readonly Step[]>([]),
  ready: signal(false),
  /** One sentence of what the runtime fell back to. */
  note: signal<string | undefined>(undefined),
  failure: signal<string | undefined>(undefined),
  received: signal<readonly Received[]>([]),
};

export function note(text: string): void {
  session.received.value = [{ at: new Date(), text }, ...session.received.value].slice(0, 50);
}

/** This page's address with another app id, for a second tab or a second browser. */
export function addressOf(appId: string): string {
  const other = new URL(location.href);
  other.searchParams.set("app", appId);
  return other.href;
}
