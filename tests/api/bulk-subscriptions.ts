const bulkSubscribe = { enabled: true, maxMessagesCount: 5, maxAwaitDurationMs: 100 };

/** Subscriptions whose events come several in one request. */
export const bulkSubscriptions = [
  {
    pubsubname: "messagebus",
    topic: "bulked",
    route: "/bulk/plain",
    bulkSubscribe,
    deadLetterTopic: "letters",
  },
  {
    pubsubname: "messagebus",
    topic: "bulked-raw",
    route: "/bulk/raw",
    bulkSubscribe,
    metadata: { rawPayload: "true" },
  },
  {
    pubsubname: "messagebus",
    topic: "bulked-content",
    routes: { rules: [{ match: "event.data.n > 5", path: "/bulk/large" }], default: "/bulk/small" },
    bulkSubscribe,
  },
] as const;
