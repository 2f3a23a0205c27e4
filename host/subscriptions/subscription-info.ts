import type { AppSubscription } from "./app-subscription.ts";

/** One subscription of the app, as `/v1.0/metadata` shows it. */
export interface SubscriptionInfo {
  readonly pubsubname: string;
  readonly topic: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly rules: readonly { readonly match?: string; readonly path: string }[];
  readonly deadLetterTopic: string;
  readonly type: AppSubscription["type"];
}

export function infoOf({
  pubsubname,
  topic,
  metadata,
  rules,
  deadLetterTopic,
  type,
}: AppSubscription): SubscriptionInfo {
  return {
    pubsubname,
    topic,
    ...(metadata.size > 0 && { metadata: Object.fromEntries(metadata) }),
    rules,
    deadLetterTopic,
    type,
  };
}
