import type { Sidecar } from "./sidecar.ts";

/** One subscription of the app, as `/v1.0/metadata` shows it. */
export interface SubscriptionInfo {
  readonly pubsubname: string;
  readonly topic: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly rules: readonly { readonly match?: string; readonly path: string }[];
  readonly deadLetterTopic: string;
  readonly type: "DECLARATIVE" | "PROGRAMMATIC";
}

/** The app's subscriptions: read once the app is ready, delivered until closed. */
export class Subscriptions {
  #active: SubscriptionInfo[] = [];

  constructor(readonly sidecar: () => Sidecar) {}

  list(): readonly SubscriptionInfo[] {
    return this.#active;
  }

  /** Asks the app (`GET /dapr/subscribe`) and subscribes. Called again after the app came back, it starts afresh. */
  async start(): Promise<void> {}

  async close(): Promise<void> {}
}
