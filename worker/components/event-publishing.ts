import { unwrap } from "idb";
import type { PublishRequest } from "../../host/components/pubsub/pubsub.ts";
import { OUTCOME_TTL_MS } from "../../host/components/state/store.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import type { JobContext, Publish } from "./event-jobs.ts";
import type { EventTopics } from "./event-topics.ts";
import type { StoredEvent } from "./pubsub-layout.ts";

/** Appends events in order. One that finds its topic full, or its id known, changes nothing. */
export async function publish(
  jobs: readonly Publish[],
  topics: EventTopics,
  context: JobContext,
): Promise<Map<Publish, ComponentError | undefined>> {
  const { transaction, now, retention } = context;
  const results = new Map<Publish, ComponentError | undefined>();
  const events = unwrap(transaction.objectStore("events"));
  const outcomes = unwrap(transaction.objectStore("outcomes"));
  const known = await knownIds(jobs, context);
  const full = new Map<string, Backlog>();
  for (const job of jobs) {
    const { request } = job;
    results.set(job, undefined);
    if (request.requestId !== undefined && known.has(request.requestId)) continue;
    const topic = await topics.topic(request.topic);
    if (topic.count >= retention.maxEvents) {
      const backlog = full.get(request.topic) ?? (await backlogOf(request.topic, context));
      full.set(request.topic, backlog);
      const refusal = await makeRoom(request.topic, backlog, topics, context);
      if (refusal !== undefined) {
        results.set(job, refusal);
        continue;
      }
    }
    topic.count++;
    const place = topic.next++;
    events.put(stored(request, place, now), [request.topic, place]);
    if (request.requestId !== undefined) {
      known.add(request.requestId);
      outcomes.put({ expiresAt: now + OUTCOME_TTL_MS }, request.requestId);
    }
  }
  return results;
}

function stored(request: PublishRequest, place: number, now: number): StoredEvent {
  const { data, contentType, metadata } = request;
  const lane = metadata.get("partitionKey");
  const ttl = Number(metadata.get("ttlInSeconds") ?? "0");
  return {
    place,
    data: data.byteLength === data.buffer.byteLength ? data : data.slice(),
    ...(contentType !== undefined && { contentType }),
    metadata: [...metadata],
    publishedAt: now,
    ...(ttl > 0 && { expiresAt: now + ttl * 1000 }),
    ...(lane !== undefined && { lane }),
  };
}

async function knownIds(jobs: readonly Publish[], { transaction, now }: JobContext): Promise<Set<string>> {
  const outcomes = transaction.objectStore("outcomes");
  const known = new Set<string>();
  await Promise.all(
    jobs.map(async ({ request: { requestId } }) => {
      if (requestId === undefined) return;
      const outcome = await outcomes.get(requestId);
      if (outcome !== undefined && outcome.expiresAt > now) known.add(requestId);
    }),
  );
  return known;
}

/** What a full topic must not lose. */
interface Backlog {
  /** The first place that some consumer still needs; Infinity without any. */
  readonly needed: number;
  /** Who needs it. */
  readonly consumer: string;
}

async function backlogOf(topic: string, { transaction, now, retention }: JobContext): Promise<Backlog> {
  const store = transaction.objectStore("consumers");
  const range = IDBKeyRange.bound([topic], [topic, []]);
  const [keys, consumers] = await Promise.all([store.getAllKeys(range), store.getAll(range)]);
  let backlog: Backlog = { needed: Number.POSITIVE_INFINITY, consumer: "" };
  for (const [i, { next, seenAt }] of consumers.entries()) {
    if (seenAt < now - retention.maxAgeMs) continue;
    const consumer = keys[i]?.[1] ?? "";
    const first = await transaction
      .objectStore("deliveries")
      .getKey(IDBKeyRange.bound([topic, consumer], [topic, consumer, []]));
    const needed = Math.min(next, first?.[2] ?? next);
    if (needed < backlog.needed) backlog = { needed, consumer };
  }
  return backlog;
}

/** Drops the oldest event, if every consumer of the topic has had it; else the reason to refuse the new one. */
async function makeRoom(
  name: string,
  { needed, consumer }: Backlog,
  topics: EventTopics,
  { transaction, retention }: JobContext,
): Promise<ComponentError | undefined> {
  const oldest = await transaction
    .objectStore("events")
    .getKey(IDBKeyRange.bound([name, 0], [name, Number.MAX_VALUE]));
  if (oldest !== undefined && oldest[1] < needed) {
    await topics.remove(name, [oldest[1]]);
    return undefined;
  }
  return new ComponentError(
    "RESOURCE_EXHAUSTED",
    `topic ${name} holds ${retention.maxEvents} events, the most that maxEvents allows, and app ${consumer} has not consumed the oldest; let it catch up, or raise maxEvents`,
  );
}
