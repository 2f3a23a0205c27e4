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
    daprd: "written anew (12345678901234567890 becomes 12345678901234567000; 1e999 is refused)",
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
    id: "path.not-text",
    what: "a path whose escapes are no UTF-8 (`%FF`)",
    daprd: "carried on as bytes",
    daprlet: "400, as for a malformed escape",
    why: "keys, topics and methods are text; what cannot be written down cannot be authorised",
  },
  {
    id: "path.spelling",
    what: "the escapes of `!`, `'`, `*` and the like, as the called app sees them",
    daprd: "escaped where another character of the path is",
    daprlet: "as the caller wrote them",
    why: "the same URI in both spellings",
  },
  {
    id: "path.no-uri",
    what: "a character that may not stand in a URI, unescaped, beside an escaped slash or dot",
    daprd: "the escaped slash or dot counts as written plainly",
    daprlet: "it stays part of its segment, as everywhere else",
    why: "the rule should not depend on a neighbour",
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
    what: "a save or a transaction whose body goes on after its JSON",
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
  {
    id: "pubsub.unnamed",
    what: "`POST /v1.0/publish/A`, without the name of a pub/sub, where one is loaded",
    daprd: "404 `ERR_DIRECT_INVOKE`",
    daprlet: "published there",
    why: "the book prints it so, and it can mean nothing else (`--strict` answers as daprd does)",
  },
  {
    id: "pubsub.unnamed-subscription",
    what: "a subscription without `pubsubname`, where one pub/sub is loaded",
    daprd: "accepted; nothing ever arrives",
    daprlet: "subscribed there",
    why: "the book prints it so",
  },
  {
    id: "pubsub.subscription-version",
    what: "a Subscription resource of v1alpha1 with `routes`, or of v2alpha1 with `route`",
    daprd: "subscribed; its events are delivered nowhere",
    daprlet: "taken as it is meant",
    why: "it can mean nothing else",
  },
  {
    id: "pubsub.bad-subscription",
    what: "a Subscription resource that cannot be read, or has no topic, pub/sub or route",
    daprd: "a warning at most; the app gets no events",
    daprlet: "refused at the start, with file, document, line and field",
    why: "nobody declares a subscription in order to get nothing",
  },
  {
    id: "pubsub.rule-of-nothing",
    what: "a routing rule that names a variable or function that does not exist",
    daprd: "taken; each event that comes to it fails",
    daprlet: "invalid, as one with an error in its syntax: the log names it",
    why: "a misspelling should be seen at the start",
  },
  {
    id: "pubsub.rule-bounds",
    what: "a routing rule with loops nested more than two deep, of more than 4096 characters, or with a pattern in `matches` that is not written out",
    daprd: "taken",
    daprlet: "invalid",
    why: "what is looked at comes from publishers, and one thread serves everybody",
  },
  {
    id: "pubsub.rule-big-number",
    what: "a whole number beyond 2^53 in a routing rule, compared with one in an event",
    daprd: "as doubles",
    daprlet: "exactly, so that they differ",
    why: "JSON numbers are doubles, and such a number is none",
  },
  {
    id: "pubsub.declared-bad-rule",
    what: "a Subscription resource with an invalid rule",
    daprd: "the process ends",
    daprlet: "it is left out with an error that names it and the rule; the rest runs",
    why: "one subscription should not cost the whole app",
  },
  {
    id: "host.foreign-page",
    what: "a call from a page of a foreign origin, or to a foreign `Host` (Node)",
    daprd: "carried out",
    daprlet: "403, and nothing is done",
    why: "any website could drive the sidecar of whoever visits it",
  },
  {
    id: "api.not-yet",
    what: "the blocks that daprlet does not have yet: actors, bulk publish, configuration, conversation, crypto, jobs, lock, secrets, workflows",
    daprd: "served",
    daprlet: "501 `ERR_API_UNIMPLEMENTED`, naming the block",
    why: "they follow",
  },
  {
    id: "state.bad-option",
    what: "a save in which one item has a concurrency that does not exist",
    daprd: "the others are written",
    daprlet: "nothing is written",
    why: "what is malformed is refused before anything is written",
  },
  {
    id: "state.longest-ttl",
    what: "a time to live of more than three thousand years in `state.in-memory`",
    daprd: 204,
    daprlet: 500,
    why: "it is a mistake, and beyond the dates that can be told",
  },
  {
    id: "state.first-write-delete",
    what: "a `first-write` delete without an ETag in `state.in-memory`",
    daprd: 409,
    daprlet: 204,
    why: "every store answers alike, as daprd's SQLite does",
  },
  {
    id: "state.key-not-utf8",
    what: "a read by a key in the path that is not UTF-8",
    daprd: 204,
    daprlet: 400,
    why: "putting U+FFFD in its place would make one key of many",
  },
  {
    id: "state.bulk-trailing-data",
    what: "a bulk get whose body goes on after its object",
    daprd: 200,
    daprlet: 400,
    why: "half of the body would be ignored without a word",
  },
  {
    id: "state.bulk-null-key",
    what: "a bulk get of the key `null`",
    daprd: 200,
    daprlet: 400,
    why: "keys are text, and no item has an empty one",
  },
  {
    id: "state.bulk-member-case",
    what: "`Keys` instead of `keys` in a bulk get",
    daprd: "taken",
    daprlet: "ignored, as all unknown members are",
    why: "nobody writes it so",
  },
  {
    id: "pubsub.own-trace",
    what: "the `traceparent` of a published CloudEvent that has its own",
    daprd: "overwritten",
    daprlet: "kept",
    why: "an event that is an envelope already is its sender's",
  },
  {
    id: "pubsub.no-trace-header",
    what: "the header `traceparent` of a delivered event without a trace",
    daprd: "00-00000000000000000000000000000000-0000000000000000-00",
    daprlet: "none",
    why: "identifiers of zeros are invalid in a trace context",
  },
  {
    id: "pubsub.claiming-metadata",
    what: "metadata of a publisher that are called like Dapr's own headers",
    daprd: "a header",
    daprlet: "left out",
    why: "who calls is never told by a header that somebody sent",
  },
  {
    id: "pubsub.raw-time",
    what: "`time` in the envelope around a raw event",
    daprd: "absent",
    daprlet: "when it was delivered",
    why: "the other envelopes have one",
  },
  {
    id: "pubsub.member-limit",
    what: "a CloudEvent with more than 1024 attributes",
    daprd: 204,
    daprlet: 500,
    why: "names are compared with each other, in memory that does not grow",
  },
  {
    id: "invoke.percent",
    what: "an encoded percent sign that begins no escape in the method of an invocation",
    daprd: 500,
    daprlet: 200,
    why: "it is decoded once and encoded again",
  },
  {
    id: "state.encryption.form",
    what: "what an encrypted store keeps of a value that is no string",
    daprd: "Go's print of it (`map[a:1]`), and a string without its quotes",
    daprlet: "its JSON, as in any store",
    why: "what was saved comes back",
  },
  {
    id: "state.encryption.plain-key",
    what: "`primaryEncryptionKey` that stands in the component itself, or is spelled in another case",
    daprd: "nothing is encrypted",
    daprlet: "encrypted",
    why: "who gives a key wants it used",
  },
  {
    id: "state.encryption.lone-secondary",
    what: "`secondaryEncryptionKey` without `primaryEncryptionKey`",
    daprd: "nothing is encrypted",
    daprlet: "the component does not open",
    why: "who gives a key wants it used",
  },
  {
    id: "state.encryption.unreadable",
    what: "a value of an encrypted store that is not encrypted, or with a key that is not there",
    daprd: "the connection is cut",
    daprlet: "500 `ERR_STATE_GET`, which says so; an error of its own in a bulk get",
    why: "every call has its answer",
  },
  {
    id: "state.retry-policy",
    what: "a save whose `options.retryPolicy` (the book's) cannot be followed, and any in a transaction",
    daprd: 204,
    daprlet: 400,
    why: "it is followed here: up to ten retries and a minute, where the store fails (`--strict` ignores it)",
  },
  {
    id: "bindings.data-bytes",
    what: "the spelling of a binding's `data`: large numbers, order of members, escapes, spaces",
    daprd: "written anew (12345678901234567890 becomes 12345678901234567000; 1e999 is refused)",
    daprlet: "as it was written",
    why: "what a component is given is what came",
  },
  {
    id: "bindings.trailing-data",
    what: "an output binding whose body goes on after its JSON",
    daprd: 200,
    daprlet: 400,
    why: "half of the body would be ignored without a word",
  },
  {
    id: "bindings.no-operation",
    what: "an output binding called without `operation`",
    daprd: 500,
    daprlet: "taken for `create`, or for its first one",
    why: "the book prints it so, and it can mean nothing else (`--strict` answers as daprd does)",
  },
  {
    id: "bindings.http.dot-segments",
    what: "a `path` of `bindings.http` whose dot segments lead out of the component's `url`",
    daprd: "sent as it is",
    daprlet: "refused",
    why: "a caller must not reach what the component's author did not name",
  },
  {
    id: "bindings.directives",
    what: "an app's answer to an event of a binding that asks for state to be saved or bindings to be called",
    daprd: "handed back to the component, and not followed over HTTP",
    daprlet: "followed; part of the acknowledgement",
    why: "Dapr documents it for HTTP (`--strict` answers as daprd does)",
  },
  {
    id: "bindings.cron.redelivery",
    what: "an event of `bindings.cron` that the app does not accept",
    daprd: "dropped, and the next one comes at its time",
    daprlet: "comes again, with growing pauses; what falls due meanwhile is no event of its own",
    why: "an event is consumed when the app says so",
  },
  {
    id: "bindings.localstorage.names",
    what: "how `bindings.localstorage` calls files in its answers and errors",
    daprd: "by their path on the machine",
    daprlet: "by their path below `rootPath`",
    why: "so they can be asked for, and no caller learns the machine's folders",
  },
] as const satisfies readonly Difference[];

export type DifferenceId = (typeof differences)[number]["id"];

/** A host's own column of one row. */
export function expectedOn<Id extends DifferenceId>(
  dialect: "daprd" | "daprlet",
  id: Id,
): Extract<(typeof differences)[number], { id: Id }>["daprd" | "daprlet"] {
  const row = differences.find((difference) => difference.id === id);
  if (row === undefined) throw new Error(`no difference ${id}`);
  return row[dialect] as never;
}
