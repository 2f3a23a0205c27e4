import type { OpenedPubSub } from "../../components/open-component.ts";
import type { PublishRequest } from "../../components/pubsub/pubsub.ts";
import { eventIdField, rawPayload } from "../../components/pubsub/raw-payload.ts";
import { ScanError } from "../../core/core.ts";
import { apiError } from "../../errors/api-error.ts";
import { ComponentError } from "../../errors/component-error.ts";
import { type Headers, header, type RuntimeResponse } from "../../http.ts";
import type { Sidecar } from "../../sidecar.ts";
import type { Call } from "../endpoint.ts";
import { envelope } from "./envelope.ts";

/** One event as its publisher gave it. */
export interface GivenEvent {
  readonly data: Uint8Array;
  readonly contentType: string | undefined;
  readonly metadata: ReadonlyMap<string, string>;
  readonly requestId: string | undefined;
}

export interface Destination {
  readonly opened: OpenedPubSub;
  readonly topic: string;
  /** Without an envelope. */
  readonly raw: boolean;
}

/** Why nothing may be published here, if so: what can be told before the body is looked at. */
export function refused(
  { sidecar: { appId } }: Call,
  { resource: { name }, access }: OpenedPubSub,
  topic: string,
  metadata: ReadonlyMap<string, string>,
): RuntimeResponse | undefined {
  const given = () => Object.fromEntries(metadata);
  if (topic === "") return apiError("ERR_TOPIC_NAME_EMPTY", { name }, { metadata: given() });
  if (rawPayload(metadata) === undefined) {
    const cause = "rawPayload value must be a valid boolean";
    return apiError("ERR_PUBSUB_REQUEST_METADATA", { name, cause }, { metadata: given() });
  }
  if (access.mayPublish(topic)) return undefined;
  const error = `topic ${topic} is not allowed for app id ${appId}`;
  return apiError("ERR_PUBSUB_FORBIDDEN", { name, topic, appId }, { metadata: { topic, error } });
}

/** With the book's `X-Correlation-ID` where calls are traced: the subscriber gets it as a header again. */
function correlated(
  { tracer }: Sidecar,
  headers: Headers,
  metadata: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  if (tracer.tracing === undefined) return metadata;
  const correlation = header(headers, "x-correlation-id");
  return correlation === undefined ? metadata : new Map(metadata).set("x-correlation-id", correlation);
}

/** The event as the broker gets it, in its envelope. What it throws, {@link unframed} answers. */
export function toBroker(
  { sidecar, request }: Call,
  { data, contentType, metadata: given, requestId }: GivenEvent,
  { opened: { resource, definition, access }, topic, raw }: Destination,
): PublishRequest {
  const metadata = correlated(sidecar, request.headers, given);
  const base = { topic: access.brokerTopic(topic), requestId };
  if (raw) {
    return {
      ...base,
      data,
      contentType,
      metadata: new Map(metadata).set(eventIdField, sidecar.platform.uuid()),
    };
  }
  const nativeTtl = definition.features.includes("TTL");
  const destination = { topic, pubsubname: resource.name, nativeTtl };
  return {
    ...base,
    data: envelope(sidecar, data, contentType, request.headers, metadata, destination),
    contentType: "application/cloudevents+json",
    metadata,
  };
}

/** The answer where the request could not be read, or the broker failed. */
export function unpublished(error: unknown, name: string, topic: string): RuntimeResponse {
  const cause = ComponentError.from(error).message;
  return apiError(
    "ERR_PUBSUB_PUBLISH_MESSAGE",
    { name, topic, cause },
    { metadata: { topic, error: cause } },
  );
}

/** The answer where no envelope could be made; rethrows what is a fault of the runtime. */
export function unframed(error: unknown, appID: string, name: string, topic: string): RuntimeResponse {
  if (error instanceof ScanError) {
    const metadata = { appID, error: error.message };
    return apiError("ERR_PUBSUB_CLOUD_EVENTS_SER", { name, cause: error.message }, { metadata });
  }
  if (error instanceof RangeError) {
    const metadata = { appID, error: error.message };
    return apiError("ERR_PUBSUB_EVENTS_SER", { name, topic, cause: error.message }, { metadata });
  }
  throw error;
}
