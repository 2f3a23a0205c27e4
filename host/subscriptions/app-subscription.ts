import { rawPayload } from "../components/pubsub/raw-payload.ts";
import { covers } from "../components/pubsub/wildcard.ts";
import type { SubscriptionResource } from "../resources/subscription.ts";
import { type Members, membersOf } from "./members.ts";
import type { Rule } from "./routing.ts";

/**
 * One topic that the app wants, checked: its own word (dapr-http-api §2.1), a Subscription resource's (§4.3), or that of
 * whoever reads a stream of events.
 */
export interface AppSubscription {
  readonly type: "DECLARATIVE" | "PROGRAMMATIC" | "STREAMING";
  /** What messages call it: `the app's subscription to topic A`. */
  readonly called: string;
  /** Empty when the app names none. */
  readonly pubsubname: string;
  readonly topic: string;
  readonly metadata: ReadonlyMap<string, string>;
  /** In order. At least one. Paths as they were written. */
  readonly rules: readonly Rule[];
  /** Empty when there is none. */
  readonly deadLetterTopic: string;
  /** The app's events come without an envelope and are wrapped. */
  readonly raw: boolean;
  /** Undefined: one by one. */
  readonly bulk: Bulk | undefined;
}

/** How events are put together for one request to the app. */
export interface Bulk {
  readonly maxMessages: number;
  readonly maxAwaitMs: number;
}

/** Dapr's, for brokers without a bulk of their own. */
const defaultBulk: Bulk = { maxMessages: 100, maxAwaitMs: 1_000 };
/** What is put together waits in memory. */
const mostMessages = 10_000;

/** Where a complaint about a subscription goes: a sentence. */
export type Complaint = (sentence: string) => void;

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function metadataOf(value: unknown): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  if (typeof value !== "object" || value === null) return metadata;
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === "string") metadata.set(name, member);
    else if (typeof member === "number" || typeof member === "boolean") metadata.set(name, String(member));
  }
  return metadata;
}

/** The rules in Dapr's order: `routes.rules`, then `routes.default`, else `route`. */
function rulesOf(entry: Members): readonly Rule[] {
  const routes = membersOf(entry.get("routes"));
  const given = routes?.get("rules");
  const rules: Rule[] = [];
  for (const rule of Array.isArray(given) ? given : []) {
    const members = membersOf(rule);
    const path = textOf(members?.get("path"));
    const match = textOf(members?.get("match")).trim();
    if (path !== "") rules.push(match === "" ? { path } : { match, path });
  }
  const last = textOf(routes?.get("default")) || textOf(entry.get("route"));
  if (last !== "") rules.push({ path: last });
  return rules;
}

/** As in Dapr, a number that is no count above zero is taken for the default. */
function bulkOf(bulk: Members | undefined): Bulk | undefined {
  if (bulk?.get("enabled") !== true) return undefined;
  const count = (name: string, otherwise: number) => {
    const value = bulk.get(name);
    return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : otherwise;
  };
  return {
    maxMessages: Math.min(count("maxmessagescount", defaultBulk.maxMessages), mostMessages),
    maxAwaitMs: count("maxawaitdurationms", defaultBulk.maxAwaitMs),
  };
}

function subscriptionOf(
  entry: Members,
  type: AppSubscription["type"],
  called: string,
  complain: Complaint,
): AppSubscription | undefined {
  const topic = textOf(entry.get("topic"));
  const rules = rulesOf(entry);
  if (rules.length === 0) {
    complain(`${called} has no route; it is left out`);
    return undefined;
  }
  const metadata = metadataOf(entry.get("metadata"));
  const raw = rawPayload(metadata);
  if (raw === undefined) {
    complain(`${called} has a metadata field rawPayload that is neither true nor false; it is left out`);
    return undefined;
  }
  const deadLetterTopic = textOf(entry.get("deadlettertopic"));
  const endless = covers(topic, deadLetterTopic);
  if (endless) {
    complain(
      `${called} names a topic for its dead letters that it gets itself, which would come back without end: what fails is delivered again after a while instead`,
    );
  }
  return {
    type,
    called,
    pubsubname: textOf(entry.get("pubsubname")),
    topic,
    metadata,
    rules,
    deadLetterTopic: endless ? "" : deadLetterTopic,
    raw,
    bulk: bulkOf(membersOf(entry.get("bulksubscribe"))),
  };
}

/** A Subscription resource's spec; undefined, with a complaint, when it cannot be used. */
export function parseDeclared(
  { name, spec, origin }: SubscriptionResource,
  complain: Complaint,
): AppSubscription | undefined {
  return subscriptionOf(
    membersOf(spec) as Members,
    "DECLARATIVE",
    `Subscription ${name} (${origin})`,
    complain,
  );
}

const decoder = new TextDecoder();

/** The app's list; what cannot be used is left out, with a complaint that says why. Throws SyntaxError. */
export function parseSubscriptions(body: Uint8Array, complain: Complaint): readonly AppSubscription[] {
  if (body.byteLength === 0) return [];
  const list: unknown = JSON.parse(decoder.decode(body));
  if (list === null) return [];
  if (!Array.isArray(list)) throw new SyntaxError("expected a JSON array of subscriptions");
  const found: AppSubscription[] = [];
  for (const [i, value] of list.entries()) {
    const entry = membersOf(value);
    const topic = textOf(entry?.get("topic"));
    if (entry === undefined || topic === "") {
      const fault = entry === undefined ? "is no object" : "names no topic";
      complain(`entry ${i + 1} of the app's subscriptions ${fault}; it is left out`);
      continue;
    }
    const called = `the app's subscription to topic ${topic}`;
    const subscription = subscriptionOf(entry, "PROGRAMMATIC", called, complain);
    if (subscription !== undefined) found.push(subscription);
  }
  return found;
}
