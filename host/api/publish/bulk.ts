import type { OpenedPubSub } from "../../components/open-component.ts";
import type { PublishRequest } from "../../components/pubsub/pubsub.ts";
import { rawPayload } from "../../components/pubsub/raw-payload.ts";
import { ScanError, type ScannedEntry } from "../../core/core.ts";
import { apiError } from "../../errors/api-error.ts";
import { ComponentError } from "../../errors/component-error.ts";
import { fieldValue } from "../../header-field.ts";
import { json, noContent, type RuntimeResponse, readBody, withChanges } from "../../http.ts";
import type { Hop } from "../../telemetry/tracing.ts";
import type { Call } from "../endpoint.ts";
import { outcomeId } from "../outcome-id.ts";
import { eventBytes } from "./event-bytes.ts";
import { type Destination, refused, toBroker, unframed, unpublished } from "./to-broker.ts";

/** Entries that are with the broker at once: enough for it to keep many in one go, and not more than it bears. */
const AT_ONCE = 256;
/** Longest answer that is repeated in a header. */
const LONGEST_HEADER = 2_048;

interface Failure {
  readonly entryId: string;
  readonly error: string;
}

/**
 * What metadata an entry has. Those of the request come to it only where it has its own (dapr-http-api §1.3); without,
 * they still tell the broker what they tell it of the request.
 */
function metadataOf(
  { metadata }: ScannedEntry,
  ofRequest: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  if (metadata !== undefined) return new Map([...ofRequest, ...metadata]);
  return new Map([...ofRequest].filter(([name]) => !/^(cloudevent\.|ttlInSeconds$)/i.test(name)));
}

/** Publishes entries in their order, many at a time; answers what became of those that failed. */
async function publishAll(
  { component }: OpenedPubSub,
  ids: readonly string[],
  requests: readonly PublishRequest[],
): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  for (let from = 0; from < requests.length; from += AT_ONCE) {
    const some = requests.slice(from, from + AT_ONCE);
    const settled = await Promise.allSettled(some.map((request) => component.publish(request)));
    for (const [i, result] of settled.entries()) {
      if (result.status === "fulfilled") continue;
      failures.push({
        entryId: ids[from + i] as string,
        error: ComponentError.from(result.reason).message,
      });
    }
  }
  return failures;
}

function failed(failures: readonly Failure[], name: string, topic: string): RuntimeResponse {
  const response = json({ failedEntries: failures, errorCode: "ERR_PUBSUB_PUBLISH_MESSAGE" }, 500);
  const headers = [...response.headers];
  const body = new TextDecoder().decode(response.body as Uint8Array);
  const error = `api error: code = Internal desc = error when publishing to topic ${topic} in pubsub ${name}: ${failures[0]?.error}`;
  for (const [field, text] of [
    ["metadata.error", error],
    ["metadata.responsedata", body],
  ] as const) {
    const value = text.length > LONGEST_HEADER ? undefined : fieldValue(text);
    if (value !== undefined) headers.push(field, value);
  }
  return { ...response, headers };
}

/** Each event as a hop of the trace, where there is one: `publish` gets the call that an event came with. */
async function tracedEvents(
  call: Call,
  topic: string,
  publish: (callOfEvent: () => Call) => Promise<RuntimeResponse>,
): Promise<RuntimeResponse> {
  const { sidecar, request } = call;
  const { tracing } = sidecar.tracer;
  if (tracing === undefined) return publish(() => call);
  const hops: Hop[] = [];
  try {
    return await publish(() => {
      const hop = tracing.begin(request.headers);
      hops.push(hop);
      return { ...call, request: withChanges(request, { headers: hop.onward(request.headers) }) };
    });
  } finally {
    for (const hop of hops) {
      hop.end(() => ({
        name: request.path,
        kind: "producer",
        attributes: [
          ["messaging.system", "pubsub"],
          ["messaging.destination.name", topic],
        ],
        status: { code: "unset" },
      }));
    }
  }
}

export function publishBulk(
  call: Call,
  opened: OpenedPubSub,
  topic: string,
  metadata: ReadonlyMap<string, string>,
): Promise<RuntimeResponse> {
  return tracedEvents(call, topic, (callOfEvent) =>
    publishEntries(call, opened, topic, metadata, callOfEvent),
  );
}

/** dapr-http-api §1.3, "Bulk", from the topic on. Nothing is published unless every entry is well-formed. */
async function publishEntries(
  call: Call,
  opened: OpenedPubSub,
  topic: string,
  metadata: ReadonlyMap<string, string>,
  callOfEvent: () => Call,
): Promise<RuntimeResponse> {
  const { sidecar, request } = call;
  const { appId, maxBodySize } = sidecar;
  const { name } = opened.resource;
  const malformed = (message: string, reason: string, cause: string, details: Record<string, string> = {}) =>
    apiError(
      "ERR_PUBSUB_EVENTS_SER",
      { name, topic, cause },
      { message, reason, metadata: { appID: appId, ...details } },
    );
  const refusal = refused(call, opened, topic, metadata);
  if (refusal !== undefined) return refusal;
  let body: Uint8Array;
  try {
    body = await readBody(request.body, maxBodySize);
  } catch (error) {
    return unpublished(error, name, topic);
  }
  let entries: readonly ScannedEntry[];
  try {
    entries = sidecar.core.scanEntries(body);
  } catch (error) {
    if (!(error instanceof ScanError)) throw error;
    const message = "error when unmarshaling the request for topic {topic} pubsub {name}: {cause}";
    return malformed(message, "DAPR_PUBSUB_UNMARSHAL_EVENTS", error.message);
  }
  const ids = entries.map(({ entryId }) => entryId);
  if (ids.includes("") || new Set(ids).size < ids.length) {
    const error = "entryId is duplicated or not present for entry";
    const message = "error marshaling events to bytes for topic {topic} pubsub {name}. error: {cause}";
    return malformed(message, "DAPR_PUBSUB_MARSHAL_EVENTS", error, { error });
  }
  const outcome = outcomeId(call, body);
  const destination: Destination = { opened, topic, raw: rawPayload(metadata) === true };
  const requests: PublishRequest[] = [];
  for (const entry of entries) {
    let data: Uint8Array;
    try {
      data = eventBytes(entry);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      const message =
        "error when marshalling cloud event envelope for topic {topic} pubsub {name}: error: {cause}";
      const cause = error.message;
      return malformed(message, "DAPR_PUBSUB_MARSHAL_ENVELOPE", cause, { error: `error: ${cause}` });
    }
    const requestId = outcome === undefined ? undefined : `${outcome}/${entry.entryId}`;
    const event = { data, contentType: entry.contentType, metadata: metadataOf(entry, metadata), requestId };
    try {
      requests.push({ ...toBroker(callOfEvent(), event, destination), together: true });
    } catch (error) {
      return unframed(error, appId, name, topic);
    }
  }
  const began = sidecar.meters?.now() ?? 0;
  const failures = await publishAll(opened, ids, requests);
  sidecar.meters?.publishedTogether(began, name, topic, ids.length, failures.length);
  return failures.length === 0 ? noContent : failed(failures, name, topic);
}
