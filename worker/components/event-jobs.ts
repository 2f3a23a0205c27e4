import type { PublishRequest } from "../../host/components/pubsub/pubsub.ts";
import type { ComponentError } from "../../host/errors/component-error.ts";
import type { Transaction } from "../storage/database.ts";
import type { Incarnation } from "../storage/incarnation.ts";
import type { PubSubSchema, StoredEvent } from "./pubsub-layout.ts";

export interface ConsumerOfTopic {
  readonly topic: string;
  readonly consumer: string;
}

/** An event that is in hand, and what its holder needs to end the delivery. */
export interface Held {
  readonly place: number;
  readonly token: string;
}

export interface Handed extends Held {
  readonly event: StoredEvent;
  /** 1 for the first delivery to this consumer. */
  readonly attempt: number;
  /** Deliveries that failed in a row before this one. */
  readonly failures: number;
}

export interface Publish {
  readonly kind: "publish";
  readonly request: PublishRequest;
}

/** A subscription comes: what failed before, or was in the hands of a worker that is gone, is due at once. */
export interface Join extends ConsumerOfTopic {
  readonly kind: "join";
  readonly member: string;
}

export interface Leave extends ConsumerOfTopic {
  readonly kind: "leave";
  readonly member: string;
}

/** Ends a delivery. Does nothing when another has taken the event over meanwhile. */
export interface Settle extends ConsumerOfTopic, Held {
  readonly kind: "settle";
  /** Undefined: consumed. Else it is handed out again, not before this time. */
  readonly again: { readonly at: number; readonly failures: number } | undefined;
}

/** Keeps events in hand for another lease. */
export interface Renew extends ConsumerOfTopic {
  readonly kind: "renew";
  readonly held: readonly Held[];
}

export interface Take extends ConsumerOfTopic {
  readonly kind: "take";
  readonly member: string;
  /** The most events; asked when the job runs, as the taker may have got free for more in the meantime. */
  limit(): number;
  /** False: gives way to the other members when this one was given events last. */
  readonly insist: boolean;
}

export interface Sweep {
  readonly kind: "sweep";
}

export type Job = Publish | Join | Leave | Settle | Renew | Take | Sweep;

export interface Taken {
  /** In order of publication. */
  readonly handed: readonly Handed[];
  /** Milliseconds until it is worth while to take again, though nothing is published; undefined: unknown. */
  readonly wait: number | undefined;
  /** True: this member gave way, and should insist after `wait`. */
  readonly gaveWay: boolean;
}

/** How a job ended: a refused publish as its error, a take as what was taken, a sweep as whether there is more. */
export type JobResult = ComponentError | Taken | boolean | undefined;

/** What bounds a topic. */
export interface Retention {
  readonly maxAgeMs: number;
  /** Of one topic. */
  readonly maxEvents: number;
}

export interface JobContext {
  readonly transaction: Transaction<PubSubSchema, "readwrite">;
  readonly now: number;
  readonly incarnation: Incarnation | undefined;
  readonly retention: Retention;
  /** A token never given before. */
  token(): string;
}
