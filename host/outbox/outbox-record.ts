const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What is to be published of one transaction: written with it, removed once it is published. */
export interface OutboxRecord {
  readonly id: string;
  /** The opened store that publishes it, and until when (milliseconds since the epoch) no other one does. */
  readonly owner: string;
  readonly until: number;
  readonly pubsub: string;
  readonly topic: string;
  /** Envelopes, in the order of the operations. */
  readonly events: readonly string[];
}

export function encodeRecord(record: OutboxRecord): Uint8Array {
  return encoder.encode(JSON.stringify(record));
}

/** Undefined for what is no record. */
export function decodeRecord(bytes: Uint8Array): OutboxRecord | undefined {
  try {
    const record: Partial<OutboxRecord> = JSON.parse(decoder.decode(bytes));
    const { id, owner, until, pubsub, topic, events } = record;
    const whole = [id, owner, pubsub, topic].every((text) => typeof text === "string");
    return whole && typeof until === "number" && Array.isArray(events) ? (record as OutboxRecord) : undefined;
  } catch {
    return undefined;
  }
}
