import { rawPayload } from "../components/pubsub/raw-payload.ts";

/** One entry of the app's answer to `GET /dapr/subscribe`, checked (dapr-http-api §2.1). */
export interface AppSubscription {
  /** Empty when the entry names none. */
  readonly pubsubname: string;
  readonly topic: string;
  readonly metadata: ReadonlyMap<string, string>;
  /** In order; the first whose match is empty gets everything. At least one. Paths as the app wrote them. */
  readonly rules: readonly { readonly match?: string; readonly path: string }[];
  /** Empty when there is none. */
  readonly deadLetterTopic: string;
  /** The app's events come without an envelope and are wrapped. */
  readonly raw: boolean;
  /** The entry asks for bulk delivery. */
  readonly bulk: boolean;
}

/** Where a complaint about an entry goes: a sentence. */
export type Complaint = (sentence: string) => void;

type Members = ReadonlyMap<string, unknown>;

/** An object's members by lower-cased name: SDKs write `pubsubName` as well as `pubsubname`, and Dapr takes both. */
function membersOf(value: unknown): Members | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member]));
}

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
function rulesOf(entry: Members): readonly { match?: string; path: string }[] {
  const routes = membersOf(entry.get("routes"));
  const given = routes?.get("rules");
  const rules: { match?: string; path: string }[] = [];
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

function subscriptionOf(value: unknown, position: number, complain: Complaint): AppSubscription | undefined {
  const entry = membersOf(value);
  if (entry === undefined) {
    complain(`entry ${position} of the app's subscriptions is no object; it is left out`);
    return undefined;
  }
  const topic = textOf(entry.get("topic"));
  if (topic === "") {
    complain(`entry ${position} of the app's subscriptions names no topic; it is left out`);
    return undefined;
  }
  const rules = rulesOf(entry);
  if (rules.length === 0) {
    complain(`the app's subscription to topic ${topic} has no route; it is left out`);
    return undefined;
  }
  if (rules.some(({ match }) => match !== undefined)) {
    complain(
      `the app's subscription to topic ${topic} routes by content (a rule with a match), which daprlet does not support yet; it is left out: use one route and decide in the app`,
    );
    return undefined;
  }
  const metadata = metadataOf(entry.get("metadata"));
  const raw = rawPayload(metadata);
  if (raw === undefined) {
    complain(
      `the app's subscription to topic ${topic} has a metadata field rawPayload that is neither true nor false; it is left out`,
    );
    return undefined;
  }
  const deadLetterTopic = textOf(entry.get("deadlettertopic"));
  if (deadLetterTopic === topic) {
    complain(
      `the app's subscription to topic ${topic} names the topic itself for its dead letters, which would come back without end: what fails is delivered again after a while instead`,
    );
  }
  return {
    pubsubname: textOf(entry.get("pubsubname")),
    topic,
    metadata,
    rules,
    deadLetterTopic: deadLetterTopic === topic ? "" : deadLetterTopic,
    raw,
    bulk: membersOf(entry.get("bulksubscribe"))?.get("enabled") === true,
  };
}

const decoder = new TextDecoder();

/** The app's list; what cannot be used is left out, with a complaint that says why. Throws SyntaxError. */
export function parseSubscriptions(body: Uint8Array, complain: Complaint): readonly AppSubscription[] {
  if (body.byteLength === 0) return [];
  const list: unknown = JSON.parse(decoder.decode(body));
  if (list === null) return [];
  if (!Array.isArray(list)) throw new SyntaxError("expected a JSON array of subscriptions");
  return list
    .map((value, i) => subscriptionOf(value, i + 1, complain))
    .filter((subscription) => subscription !== undefined);
}
