import type { OpenedPubSub } from "../components/open-component.ts";
import { eventIdField, rawPayload } from "../components/pubsub/raw-payload.ts";
import { ScanError } from "../core/core.ts";
import { apiError } from "../errors/api-error.ts";
import { ComponentError } from "../errors/component-error.ts";
import { header, noContent, type RuntimeResponse, readBody } from "../http.ts";
import type { Call, Endpoint } from "./endpoint.ts";
import { addressed } from "./invoke/target.ts";
import { invokeApp } from "./invoke.ts";
import { outcomeId } from "./outcome-id.ts";
import { envelope } from "./publish/envelope.ts";
import { queryMetadata } from "./query-metadata.ts";

function publishEvent(call: Call): Promise<RuntimeResponse> | RuntimeResponse {
  const [name = "", topic = ""] = call.params;
  const metadata = queryMetadata(call.request.query);
  if (name === "") return apiError("ERR_PUBSUB_EMPTY", { name }, { metadata: Object.fromEntries(metadata) });
  const opened = call.sidecar.components.pubsub.get(name);
  if (opened === undefined) {
    return apiError("ERR_PUBSUB_NOT_FOUND", { name }, { metadata: Object.fromEntries(metadata) });
  }
  return publish(call, opened, topic, metadata);
}

/** The book's form: a path that names no pub/sub, taken for the only one there is. Today's Dapr answers 404. */
function publishUnnamed(call: Call): Promise<RuntimeResponse> | RuntimeResponse {
  const [topic = ""] = call.params;
  const { sidecar } = call;
  const unrouted: Call = { ...call, params: [] };
  if (sidecar.strict || addressed(unrouted) !== undefined) return invokeApp(unrouted);
  const all = sidecar.components.pubsub;
  const [only, another] = all.values();
  if (only === undefined) return invokeApp(unrouted);
  if (all.has(topic)) return apiError("ERR_TOPIC_NAME_EMPTY", { name: topic });
  if (another !== undefined) {
    return apiError(
      "ERR_PUBSUB_EMPTY",
      { name: "", names: [...all.keys()].join(", "), topic },
      {
        message:
          "pubsub name is empty, and there are several: {names}; publish to /v1.0/publish/<one of them>/{topic}",
      },
    );
  }
  const { name } = only.resource;
  sidecar.once(
    `publishing without the name of a pub/sub: taken for ${name}, the only one loaded; today's form is /v1.0/publish/${name}/<topic>`,
  );
  return publish(call, only, topic, queryMetadata(call.request.query));
}

/** dapr-http-api §1.3, from the topic on. */
async function publish(
  call: Call,
  { resource: { name }, definition, component, access }: OpenedPubSub,
  topic: string,
  metadata: ReadonlyMap<string, string>,
): Promise<RuntimeResponse> {
  const { sidecar, request } = call;
  const given = () => Object.fromEntries(metadata);
  if (topic === "") return apiError("ERR_TOPIC_NAME_EMPTY", { name }, { metadata: given() });
  const raw = rawPayload(metadata);
  if (raw === undefined) {
    const cause = "rawPayload value must be a valid boolean";
    return apiError("ERR_PUBSUB_REQUEST_METADATA", { name, cause }, { metadata: given() });
  }
  if (!access.mayPublish(topic)) {
    const error = `topic ${topic} is not allowed for app id ${sidecar.appId}`;
    return apiError(
      "ERR_PUBSUB_FORBIDDEN",
      { name, topic, appId: sidecar.appId },
      { metadata: { topic, error } },
    );
  }
  const failed = (error: unknown) => {
    const cause = ComponentError.from(error).message;
    return apiError(
      "ERR_PUBSUB_PUBLISH_MESSAGE",
      { name, topic, cause },
      { metadata: { topic, error: cause } },
    );
  };
  let body: Uint8Array;
  try {
    body = await readBody(request.body, sidecar.maxBodySize);
  } catch (error) {
    return failed(error);
  }
  const contentType = header(request.headers, "content-type") || undefined;
  let data = body;
  if (!raw) {
    const nativeTtl = definition.features.includes("TTL");
    const destination = { topic, pubsubname: name, nativeTtl };
    try {
      data = envelope(sidecar, body, contentType, request.headers, metadata, destination);
    } catch (error) {
      return unframed(error, sidecar.appId, name, topic);
    }
  }
  try {
    await component.publish({
      topic: access.brokerTopic(topic),
      data,
      contentType: raw ? contentType : "application/cloudevents+json",
      metadata: raw ? new Map(metadata).set(eventIdField, sidecar.platform.uuid()) : metadata,
      requestId: outcomeId(call, body),
    });
  } catch (error) {
    return failed(error);
  }
  return noContent;
}

/** The answer where no envelope could be made; rethrows what is a fault of the runtime. */
function unframed(error: unknown, appID: string, name: string, topic: string): RuntimeResponse {
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

export const pubsub: readonly Endpoint[] = [
  {
    name: "publish.event",
    methods: ["POST", "PUT"],
    paths: ["/v1.0/publish/{pubsub}/{topic*}"],
    handle: publishEvent,
  },
  {
    name: "publish.unnamed",
    methods: ["POST", "PUT"],
    paths: ["/v1.0/publish/{topic}"],
    handle: publishUnnamed,
  },
];
