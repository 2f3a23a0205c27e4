/**
 * Where daprlet answers otherwise than daprd 1.18, as data: the suites expect each host's own column and the README's
 * table is made of it. Everything that is not listed here is expected to be the same on every host.
 */
export interface Difference {
  readonly id: string;
  /** What is done. */
  readonly what: string;
  readonly daprd: unknown;
  readonly daprlet: unknown;
  readonly why: string;
}

export const differences = [
  {
    id: "state.value-bytes",
    what: "a value's spelling: large numbers, order of members, escapes, spaces",
    daprd: "written anew (12345678901234567890 becomes 12345678901234567000)",
    daprlet: "as it was written",
    why: "what is stored is what came",
  },
  {
    id: "state.negative-ttl",
    what: "`ttlInSeconds` below -1 in `state.in-memory`",
    daprd: 204,
    daprlet: 500,
    why: "every store answers alike, as daprd's SQLite does",
  },
  {
    id: "state.bulk-twice",
    what: "a key asked for twice in one bulk get of SQLite",
    daprd: "the second answer has an empty key",
    daprlet: "answered twice",
    why: "every key that is asked for has its answer",
  },
  {
    id: "state.transaction-without-key",
    what: "a transaction that is `null`, or with an operation that has no key or no request",
    daprd: 204,
    daprlet: 400,
    why: "a save says so as well, and nothing would ever read what is stored under an empty key",
  },
  {
    id: "invoke.spoofed-caller",
    what: "`dapr-caller-app-id` sent by a caller",
    daprd: "passed on beside (other app) or instead of (own app) the true one",
    daprlet: "dropped; only the true one arrives",
    why: "who calls comes from what the sidecars have verified, never from a header",
  },
  {
    id: "invoke.own.sse",
    what: "`Cache-Control` of server-sent events of the own app",
    daprd: "absent",
    daprlet: "no-cache",
    why: "the same answer as from another app",
  },
  {
    id: "state.trailing-data",
    what: "a save whose body goes on after its list",
    daprd: 204,
    daprlet: 400,
    why: "half of the body would be ignored without a word",
  },
  {
    id: "state.null",
    what: "a save whose body is `null`",
    daprd: 204,
    daprlet: 400,
    why: "a list is asked for, and null is none",
  },
  {
    id: "state.same-key-twice",
    what: "one key twice in the list of a save",
    daprd: "either stays",
    daprlet: "the last one stays",
    why: "items are applied in their order",
  },
  {
    id: "pubsub.duplicate-member",
    what: "publishing a CloudEvent that has an attribute twice",
    daprd: 204,
    daprlet: 500,
    why: "sender, broker and receiver could each take another one for the attribute",
  },
  {
    id: "pubsub.missing-id",
    what: "the `id` of a published CloudEvent that has none",
    daprd: "absent",
    daprlet: "a UUID",
    why: "CloudEvents 1.0 asks for one",
  },
  {
    id: "pubsub.in-memory.redelivery",
    what: "an event of `pubsub.in-memory` that the app does not accept",
    daprd: "dropped",
    daprlet: "delivered again, with growing pauses",
    why: "delivery is at-least-once on every broker",
  },
] as const satisfies readonly Difference[];

export type DifferenceId = (typeof differences)[number]["id"];
