/** Subscriptions whose events go to one of several paths, by what is in them. */
export const routedSubscriptions = [
  {
    pubsubname: "messagebus",
    topic: "content",
    routes: {
      rules: [
        { match: 'event.type == "special"', path: "/events/content-special" },
        { match: "has(event.data.n) && event.data.n > 5", path: "/events/content-large" },
        { match: 'event.data.name.matches("^[a-c]+$")', path: "/events/content-named" },
      ],
      default: "/events/content-rest",
    },
    deadLetterTopic: "letters",
  },
  {
    pubsubname: "messagebus",
    topic: "content-only",
    routes: { rules: [{ match: "event.data.n > 5", path: "/events/content-only" }] },
  },
  {
    pubsubname: "messagebus",
    topic: "content-lettered",
    routes: { rules: [{ match: "event.data.n > 5", path: "/events/content-only" }] },
    deadLetterTopic: "letters",
  },
] as const;
