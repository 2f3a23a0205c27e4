import { unwrap } from "idb";
import type {
  ConsumerOfTopic,
  Handed,
  JobContext,
  Join,
  Leave,
  Renew,
  Settle,
  Take,
  Taken,
} from "./event-jobs.ts";
import type { EventTopics } from "./event-topics.ts";
import { BEHIND, type StoredConsumer, type StoredDelivery, type StoredEvent } from "./pubsub-layout.ts";

/** How long an event stays in hand without a renewal. */
export const LEASE_MS = 30_000;
/** How long a member that was given events last gives way to the others. */
const GIVE_WAY_MS = 10;
/** A member that has not been seen for so long is not waited for. */
const MEMBER_TTL_MS = 60_000;
const MEMBER_REFRESH_MS = 20_000;
/** Events of busy lanes that one take passes over at most, as a multiple of its limit. */
const PAGES = 8;

const newConsumer = (now: number): StoredConsumer => ({
  next: 0,
  members: [],
  last: undefined,
  seenAt: now,
});

/** The deliveries of one transaction. */
export class EventDelivery {
  readonly #context: JobContext;
  readonly #topics: EventTopics;

  constructor(context: JobContext, topics: EventTopics) {
    this.#context = context;
    this.#topics = topics;
  }

  async join({ topic, consumer, member }: Join): Promise<void> {
    const { transaction, now } = this.#context;
    const stored = (await transaction.objectStore("consumers").get([topic, consumer])) ?? newConsumer(now);
    this.#putConsumer({ topic, consumer }, seen(stored, member, now));
    const all = await transaction
      .objectStore("deliveries")
      .getAll(IDBKeyRange.bound([topic, consumer], [topic, consumer, []]));
    for (const delivery of all) {
      if (delivery.due !== BEHIND && !this.#isInHand(delivery)) {
        this.#put({ ...unclaimed(delivery), due: 0, failures: 0 });
      }
    }
  }

  async leave({ topic, consumer, member }: Leave): Promise<void> {
    const stored = await this.#context.transaction.objectStore("consumers").get([topic, consumer]);
    if (stored === undefined) return;
    const members = stored.members.filter(([other]) => other !== member);
    this.#putConsumer({ topic, consumer }, { ...stored, members });
  }

  async settle({ topic, consumer, place, token, again }: Settle): Promise<void> {
    const deliveries = this.#context.transaction.objectStore("deliveries");
    const delivery = await deliveries.get([topic, consumer, place]);
    if (delivery?.claim?.token !== token) return;
    if (again === undefined) await this.#end(delivery);
    else this.#put({ ...unclaimed(delivery), due: again.at, failures: again.failures });
  }

  async renew({ topic, consumer, held }: Renew): Promise<void> {
    const { transaction, now } = this.#context;
    const deliveries = transaction.objectStore("deliveries");
    await Promise.all(
      held.map(async ({ place, token }) => {
        const delivery = await deliveries.get([topic, consumer, place]);
        if (delivery?.claim?.token === token) this.#put({ ...delivery, due: now + LEASE_MS });
      }),
    );
  }

  async take(job: Take): Promise<Taken> {
    const { transaction, now } = this.#context;
    const { topic, consumer, member } = job;
    const limit = job.limit();
    const [known, due] = await Promise.all([
      transaction.objectStore("consumers").get([topic, consumer]),
      transaction
        .objectStore("deliveries")
        .index("due")
        .getAll(IDBKeyRange.bound([topic, consumer], [topic, consumer, now]), limit),
    ]);
    const stored = known ?? newConsumer(now);
    const others = stored.members.some(([other, at]) => other !== member && at > now - MEMBER_TTL_MS);
    if (others && stored.last === member && !job.insist) {
      return { handed: [], wait: GIVE_WAY_MS, gaveWay: true };
    }
    const handed = await this.#takeDue(due);
    const { next, more } = await this.#takeNew(job, stored.next, limit, handed);
    const last = others && handed.length > 0 ? member : stored.last;
    const at = stored.members.find(([other]) => other === member)?.[1] ?? 0;
    if (next !== stored.next || last !== stored.last || at < now - MEMBER_REFRESH_MS) {
      this.#putConsumer({ topic, consumer }, { ...seen(stored, member, now), next, last });
    }
    handed.sort((a, b) => a.place - b.place);
    // Who took all it can will take again when it is done with some.
    const wait = handed.length >= limit ? undefined : more ? 0 : await this.#nextDue(job);
    return { handed, wait, gaveWay: false };
  }

  /** What failed, or fell from its holder's hands, and is due. */
  async #takeDue(due: readonly StoredDelivery[]): Promise<Handed[]> {
    const handed: Handed[] = [];
    for (const delivery of due) {
      const { topic, place } = delivery;
      const event = await this.#context.transaction.objectStore("events").get([topic, place]);
      if (event === undefined || (await this.#isExpired(topic, event))) await this.#end(delivery);
      else handed.push(this.#hand(delivery, event));
    }
    return handed;
  }

  /**
   * Adds events never handed to this consumer up to the limit. Answers the place after the last one looked at, and
   * whether it stopped before the end of the topic without reaching the limit.
   */
  async #takeNew(
    { topic, consumer }: ConsumerOfTopic,
    from: number,
    limit: number,
    handed: Handed[],
  ): Promise<{ readonly next: number; readonly more: boolean }> {
    const events = this.#context.transaction.objectStore("events");
    let next = from;
    for (let page = 0; page < PAGES && handed.length < limit; page++) {
      const wanted = limit - handed.length;
      const range = IDBKeyRange.bound([topic, next], [topic, Number.MAX_VALUE]);
      const found = await events.getAll(range, wanted);
      for (const event of found) {
        const { place, lane } = event;
        next = place + 1;
        if (await this.#isExpired(topic, event)) continue;
        const fresh = {
          topic,
          consumer,
          place,
          attempt: 0,
          failures: 0,
          ...(lane !== undefined && { lane }),
        };
        if (lane !== undefined && (await this.#first({ topic, consumer }, lane)) !== undefined) {
          this.#put({ ...fresh, due: BEHIND });
        } else {
          handed.push(this.#hand({ ...fresh, due: 0 }, event));
        }
      }
      if (found.length < wanted) return { next, more: false };
    }
    return { next, more: handed.length < limit };
  }

  #hand(delivery: StoredDelivery, event: StoredEvent): Handed {
    const { incarnation, now, token } = this.#context;
    const claim = { token: token(), ...(incarnation !== undefined && { incarnation: incarnation.id }) };
    const attempt = delivery.attempt + 1;
    this.#put({ ...delivery, attempt, due: now + LEASE_MS, claim });
    return { place: delivery.place, token: claim.token, event, attempt, failures: delivery.failures };
  }

  /** True for what a living holder has: in a service worker, those of earlier incarnations are gone. */
  #isInHand({ claim, due }: StoredDelivery): boolean {
    const { incarnation, now } = this.#context;
    if (claim === undefined || due <= now) return false;
    if (incarnation === undefined || claim.incarnation === undefined) return true;
    return claim.incarnation === incarnation.id;
  }

  /** Consumed, dropped or gone: the next of its lane may go. */
  async #end({ topic, consumer, place, lane }: StoredDelivery): Promise<void> {
    unwrap(this.#context.transaction.objectStore("deliveries")).delete([topic, consumer, place]);
    if (lane === undefined) return;
    const next = await this.#first({ topic, consumer }, lane);
    if (next?.due === BEHIND) this.#put({ ...next, due: 0 });
  }

  #first({ topic, consumer }: ConsumerOfTopic, lane: string): Promise<StoredDelivery | undefined> {
    const range = IDBKeyRange.bound([topic, consumer, lane], [topic, consumer, lane, []]);
    return this.#context.transaction.objectStore("deliveries").index("lane").get(range);
  }

  async #isExpired(topic: string, { place, expiresAt, publishedAt }: StoredEvent): Promise<boolean> {
    const { now, retention } = this.#context;
    const end = Math.min(expiresAt ?? Number.POSITIVE_INFINITY, publishedAt + retention.maxAgeMs);
    if (end > now) return false;
    await this.#topics.remove(topic, [place]);
    return true;
  }

  async #nextDue({ topic, consumer }: ConsumerOfTopic): Promise<number | undefined> {
    const { transaction, now } = this.#context;
    const range = IDBKeyRange.bound([topic, consumer], [topic, consumer, BEHIND], false, true);
    const cursor = await transaction.objectStore("deliveries").index("due").openKeyCursor(range);
    return cursor === null ? undefined : Math.max(0, cursor.key[2] - now);
  }

  #put(delivery: StoredDelivery): void {
    const { topic, consumer, place } = delivery;
    unwrap(this.#context.transaction.objectStore("deliveries")).put(delivery, [topic, consumer, place]);
  }

  #putConsumer({ topic, consumer }: ConsumerOfTopic, stored: StoredConsumer): void {
    unwrap(this.#context.transaction.objectStore("consumers")).put(stored, [topic, consumer]);
  }
}

function unclaimed({ claim: _claim, ...delivery }: StoredDelivery): StoredDelivery {
  return delivery;
}

/** The consumer with this member seen now, and without those that have not been for long. */
function seen(consumer: StoredConsumer, member: string, now: number): StoredConsumer {
  const members = consumer.members.filter(([other, at]) => other !== member && at > now - MEMBER_TTL_MS);
  return { ...consumer, members: [...members, [member, now]], seenAt: now };
}
