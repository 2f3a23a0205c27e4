import { fromBase64 } from "../../base64.ts";
import type { EventFields } from "../../server-sent-events.ts";
import type { Message } from "../pubsub/event.ts";
import { eventIdField } from "../pubsub/raw-payload.ts";

const encoder = new TextEncoder();

/** One event of another sidecar's stream. */
export interface RemoteEvent {
  /** What its verdict names. */
  readonly id: string;
  /** The topic, or the wildcard, as it was subscribed to. */
  readonly subscription: string;
  /** The same whenever this event comes. */
  readonly event: string;
  /** 1 for the first time that it comes. */
  readonly attempt: number;
  /** Of the subscription that `raw` says of it whether its events have no envelope. */
  message(raw: boolean): Message;
}

interface Delivery {
  readonly subscription: string;
  readonly topic: string;
  readonly attempt: number;
  readonly contentType?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Envelope {
  readonly id?: unknown;
  readonly source?: unknown;
  readonly data_base64?: unknown;
}

/** Undefined for what is no event of daprlet's. Throws a SyntaxError for what is no JSON. */
export function remoteEvent(fields: EventFields): RemoteEvent | undefined {
  const [id, told, data] = ["id", "delivery", "data"].map((name) => fields.get(name));
  if (id === undefined || told === undefined || data === undefined) return undefined;
  const { subscription, topic, attempt, contentType, metadata } = JSON.parse(told) as Delivery;
  const envelope = JSON.parse(data) as Envelope;
  const event = JSON.stringify([subscription, topic, envelope.source, envelope.id ?? id]);
  const rest = { topic, attempt };
  return {
    id,
    subscription,
    event,
    attempt,
    message(raw) {
      const given = new Map(Object.entries(metadata));
      if (!raw) return { ...rest, contentType, data: encoder.encode(data), metadata: given };
      // The envelope is the sidecar's own; whoever subscribes puts theirs around what was published.
      const bytes = fromBase64(String(envelope.data_base64 ?? ""));
      return { ...rest, contentType, data: bytes, metadata: given.set(eventIdField, String(envelope.id)) };
    },
  };
}
