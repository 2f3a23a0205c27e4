import type { PublishRequest } from "../../../../components/pubsub/pubsub.ts";

/** An entry of a stream, as it was published. */
export interface StreamEvent {
  /** Redis's own, in the order of publication. */
  readonly id: string;
  readonly data: Uint8Array;
  readonly contentType: string | undefined;
  readonly metadata: ReadonlyMap<string, string>;
  /** Events of one lane are consumed one after the other. */
  readonly lane: string | undefined;
}

/**
 * Fields and values of an entry. `data` and `metadata` are Dapr's, which keeps no content type: daprd passes over the
 * third field.
 */
export function eventFields({ data, contentType, metadata }: PublishRequest): (string | Buffer)[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const fields = ["data", bytes, "metadata", JSON.stringify(Object.fromEntries(metadata))];
  if (contentType !== undefined) fields.push("contentType", contentType);
  return fields;
}

/** An entry as Redis answers it: its id, then its fields and values in turn. Whatever is missing counts as empty. */
export type RawEntry = readonly [id: Buffer, fields: readonly Buffer[] | null];

export function streamEvent([id, fields]: RawEntry): StreamEvent {
  const values = new Map<string, Buffer>();
  for (let i = 0; fields !== null && i < fields.length; i += 2) {
    values.set(String(fields[i]), fields[i + 1] as Buffer);
  }
  const metadata = metadataOf(values.get("metadata"));
  return {
    id: String(id),
    data: values.get("data") ?? new Uint8Array(),
    contentType: values.get("contentType")?.toString(),
    metadata,
    lane: metadata.get("partitionKey"),
  };
}

/** Written by whatever program shares the stream: what is no JSON object holds no metadata. */
function metadataOf(json: Buffer | undefined): ReadonlyMap<string, string> {
  if (json === undefined || json.byteLength <= 2) return new Map();
  try {
    const value: unknown = JSON.parse(json.toString());
    if (typeof value !== "object" || value === null || Array.isArray(value)) return new Map();
    return new Map(Object.entries(value).map(([name, member]) => [name, String(member)]));
  } catch {
    return new Map();
  }
}
