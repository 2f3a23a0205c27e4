import { unwrap } from "idb";
import type { ComponentContext } from "../../host/components/component.ts";
import type { PublishRequest } from "../../host/components/pubsub/pubsub.ts";
import { TransactionGroups } from "../../host/components/transaction-groups.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { Database } from "../storage/database.ts";
import type { Incarnation } from "../storage/incarnation.ts";
import { isQuotaFailure } from "../storage/storage-error.ts";
import { Sweeper } from "../storage/sweeper.ts";
import { token } from "../storage/token.ts";
import { EventDelivery } from "./event-delivery.ts";
import type {
  Job,
  JobContext,
  JobResult,
  Join,
  Leave,
  Publish,
  Renew,
  Retention,
  Settle,
  Take,
  Taken,
} from "./event-jobs.ts";
import { publish } from "./event-publishing.ts";
import { sweepEvents } from "./event-sweep.ts";
import { EventTopics } from "./event-topics.ts";
import { type PubSubSchema, pubSubLayout, pubSubStores } from "./pubsub-layout.ts";

const COMMIT_TTL_MS = 60_000;

export interface EventLogOptions {
  readonly databaseName: string;
  readonly context: ComponentContext;
  readonly incarnation: Incarnation | undefined;
  readonly retention: Retention;
  /** Called once the events are kept. */
  published(topics: ReadonlySet<string>): void;
}

/**
 * Events and who has consumed them, in one IndexedDB database. All that waits shares one transaction; publications
 * come first in it, then what ends deliveries, then what begins them.
 */
export class EventLog {
  readonly #options: EventLogOptions;
  readonly #database: Database<PubSubSchema>;
  readonly #jobs: TransactionGroups<Job, JobResult>;
  /** Distinguishes this open log from all others, for ever. */
  readonly #id: string;
  readonly #sweeper: Sweeper;
  #tokens = 0;
  #groups = 0;

  constructor(options: EventLogOptions) {
    const { databaseName, context } = options;
    const { clock, random } = context.platform;
    this.#options = options;
    this.#id = token(random);
    this.#sweeper = new Sweeper(clock, context.log, async () => {
      while ((await this.#jobs.submit({ kind: "sweep" }, false)) === true);
    });
    this.#database = new Database({ name: databaseName, layout: pubSubLayout, clock, log: context.log });
    this.#jobs = new TransactionGroups((jobs) => this.#run(jobs), isQuotaFailure);
  }

  open(): Promise<void> {
    return this.#database.open();
  }

  /** Those that ever had an event. */
  async topics(): Promise<readonly string[]> {
    return await this.#database.transact(["topics"], "readonly", "relaxed", (transaction) =>
      transaction.objectStore("topics").getAllKeys(),
    );
  }

  /** Lets what is under way end. */
  async close(): Promise<void> {
    await this.#sweeper.close();
    await this.#jobs.idle();
    this.#database.close();
  }

  /** Resolves once the event is kept. */
  async publish(request: PublishRequest): Promise<void> {
    const refusal = await this.#jobs.submit({ kind: "publish", request }, false);
    if (refusal instanceof ComponentError) throw refusal;
  }

  async take(job: Take): Promise<Taken> {
    return (await this.#jobs.submit(job, false)) as Taken;
  }

  async submit(job: Join | Leave | Settle | Renew): Promise<void> {
    await this.#jobs.submit(job, false);
  }

  async #run(jobs: readonly Job[]): Promise<readonly JobResult[]> {
    const { context, incarnation, retention } = this.#options;
    const now = context.platform.clock.now();
    const group = ++this.#groups;
    // The other jobs may run twice without harm.
    const traced = jobs.some(({ kind }) => kind === "publish" || kind === "take");
    let results: Map<Job, JobResult> | undefined;
    await this.#database.transact([...pubSubStores], "readwrite", "relaxed", async (transaction, again) => {
      if (again && results !== undefined) {
        if ((await transaction.objectStore("commits").get(this.#id))?.group === group) return;
      }
      results = await perform(jobs, {
        transaction,
        now,
        incarnation,
        retention,
        token: () => `${this.#id}-${++this.#tokens}`,
      });
      if (traced) {
        unwrap(transaction.objectStore("commits")).put({ group, expiresAt: now + COMMIT_TTL_MS }, this.#id);
      }
    });
    this.#announce(jobs);
    return jobs.map((job) => results?.get(job));
  }

  #announce(jobs: readonly Job[]): void {
    const topics = new Set(jobs.flatMap((job) => (job.kind === "publish" ? [job.request.topic] : [])));
    if (topics.size === 0) return;
    this.#options.published(topics);
    this.#sweeper.wrote();
  }
}

async function perform(jobs: readonly Job[], context: JobContext): Promise<Map<Job, JobResult>> {
  const topics = new EventTopics(context.transaction);
  const delivery = new EventDelivery(context, topics);
  const publications = jobs.filter((job): job is Publish => job.kind === "publish");
  const results = new Map<Job, JobResult>(await publish(publications, topics, context));
  // Different jobs end or renew different deliveries, so they need not wait for each other.
  await Promise.all(
    jobs.map((job) => {
      if (job.kind === "settle") return delivery.settle(job);
      if (job.kind === "renew") return delivery.renew(job);
      return undefined;
    }),
  );
  for (const job of jobs) {
    if (job.kind === "join") await delivery.join(job);
    else if (job.kind === "leave") await delivery.leave(job);
    else if (job.kind === "take") results.set(job, await delivery.take(job));
    else if (job.kind === "sweep") results.set(job, await sweepEvents(topics, context));
  }
  await topics.save();
  return results;
}
