import type { OutboxTarget } from "../../components/state/outbox-target.ts";
import { ScanError, type ScannedItem, type ScannedOperation } from "../../core/core.ts";
import { ApiError } from "../../errors/api-error.ts";
import type { Sidecar } from "../../sidecar.ts";
import type { Call } from "../endpoint.ts";
import { envelope } from "../publish/envelope.ts";
import { malformed } from "./request-body.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** What a transaction on a store with an outbox writes, and the events that tell of it. */
export interface OutboxPlan {
  readonly operations: readonly ScannedOperation[];
  readonly events: readonly string[];
}

/**
 * One event for each upsert, as in Dapr, with its value as the data; a second upsert of the key that is marked
 * `outbox.projection` is not written but published instead. Deletes are not told. Throws the API's error where nothing
 * could be published, or a projection is of no key that is written.
 */
export function outboxPlan(
  call: Call,
  target: OutboxTarget,
  operations: readonly ScannedOperation[],
  query: ReadonlyMap<string, string>,
): OutboxPlan {
  ensurePublishable(call, target);
  const projections = new Map<string, ScannedItem>();
  const kept: ScannedOperation[] = [];
  for (const one of operations) {
    const { operation, request } = one;
    const isProjection = operation === "upsert" && request.metadata?.get("outbox.projection") === "true";
    if (isProjection) projections.set(request.key, request);
    else kept.push(one);
  }
  const told = kept.flatMap(({ operation, request }) => (operation === "upsert" ? [request] : []));
  for (const key of projections.keys()) {
    if (told.some((request) => request.key === key)) continue;
    throw malformed(
      `"outbox.projection" of ${key}: expected an upsert of the same key that is written`,
      undefined,
    );
  }
  const events = told.map((request) => eventOf(call, target, projections.get(request.key) ?? request, query));
  return { operations: kept, events };
}

function ensurePublishable({ sidecar }: Call, { pubsub, topic }: OutboxTarget): void {
  const { appId, components } = sidecar;
  const opened = components.pubsub.get(pubsub);
  if (opened?.access.mayPublish(topic)) return;
  const cause =
    opened === undefined
      ? `pubsub '${pubsub}' not found`
      : `topic ${topic} is not allowed for app id ${appId}`;
  throw unpublishable(sidecar, cause);
}

function unpublishable({ appId }: Sidecar, cause: string): ApiError {
  return new ApiError("ERR_PUBLISH_OUTBOX", { cause }, { metadata: { appID: appId, error: cause } });
}

/** Attributes that the metadata of an operation names without `cloudevent.` before them, as Dapr takes them. */
const plainAttributes = ["type", "source", "subject"];

function eventOf(
  { sidecar, request }: Call,
  { pubsub, topic }: OutboxTarget,
  item: ScannedItem,
  query: ReadonlyMap<string, string>,
): string {
  const overrides = new Map([["cloudevent.id", `outbox-${sidecar.platform.uuid()}`]]);
  let contentType = "application/json";
  for (const [name, value] of [...(item.metadata ?? []), ...query]) {
    const lower = name.toLowerCase();
    if (value === "") continue;
    if (lower === "contenttype" || lower === "datacontenttype") contentType = value;
    else if (plainAttributes.includes(lower)) overrides.set(`cloudevent.${lower}`, value);
    else if (lower.startsWith("cloudevent.")) overrides.set(lower, value);
  }
  const destination = { topic, pubsubname: pubsub, nativeTtl: true };
  const data = dataOf(item, contentType);
  try {
    return decoder.decode(envelope(sidecar, data, contentType, request.headers, overrides, destination));
  } catch (error) {
    // No event, or attributes that are too long.
    if (error instanceof ScanError || error instanceof RangeError)
      throw unpublishable(sidecar, error.message);
    throw error;
  }
}

/** A value's JSON, or the text of a string that is told to be no JSON. */
function dataOf({ value }: ScannedItem, contentType: string): Uint8Array {
  if (value === undefined) return encoder.encode("null");
  if (/^[^;]*[/+]json\s*(?:;|$)/i.test(contentType) || value[0] !== 0x22) return value;
  return encoder.encode(JSON.parse(decoder.decode(value)));
}
