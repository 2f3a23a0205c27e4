import { unwrap } from "idb";
import type { JobContext } from "./event-jobs.ts";
import type { EventTopics } from "./event-topics.ts";

/** Deleted in one transaction at most, of each kind. */
const BATCH = 200;

/**
 * Drops what has outlived its time: events past their TTL or older than `retention`, consumers whose subscriptions
 * were not seen for as long, outcomes and traces of commits. True when there is more.
 */
export async function sweepEvents(topics: EventTopics, context: JobContext): Promise<boolean> {
  const { transaction, now, retention } = context;
  const events = transaction.objectStore("events");
  const [expired, old] = await Promise.all([
    events.index("expiresAt").getAllKeys(IDBKeyRange.upperBound(now), BATCH),
    events.index("publishedAt").getAllKeys(IDBKeyRange.upperBound(now - retention.maxAgeMs), BATCH),
  ]);
  const dropped = new Set<string>();
  for (const [topic, place] of [...expired, ...old]) {
    const id = JSON.stringify([topic, place]);
    if (dropped.has(id)) continue;
    dropped.add(id);
    await topics.remove(topic, [place]);
  }
  let more = expired.length === BATCH || old.length === BATCH;
  for (const name of ["outcomes", "commits"] as const) {
    const store = transaction.objectStore(name);
    const keys = await store.index("expiresAt").getAllKeys(IDBKeyRange.upperBound(now), BATCH);
    for (const key of keys) unwrap(store).delete(key);
    more ||= keys.length === BATCH;
  }
  await forgetConsumers(context);
  return more;
}

async function forgetConsumers({ transaction, now, retention }: JobContext): Promise<void> {
  const consumers = transaction.objectStore("consumers");
  const [keys, all] = await Promise.all([consumers.getAllKeys(), consumers.getAll()]);
  for (const [i, { seenAt }] of all.entries()) {
    const key = keys[i];
    if (key === undefined || seenAt >= now - retention.maxAgeMs) continue;
    unwrap(consumers).delete([...key]);
    unwrap(transaction.objectStore("deliveries")).delete(IDBKeyRange.bound([...key], [...key, []]));
  }
}
