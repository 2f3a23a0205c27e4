import type { OpenedPubSub } from "../components/open-component.ts";
import type { PublishRequest } from "../components/pubsub/pubsub.ts";
import { rawPayload } from "../components/pubsub/raw-payload.ts";
import { apiError } from "../errors/api-error.ts";
import { header, noContent, type RuntimeResponse, readBody } from "../http.ts";
import type { Call, Endpoint } from "./endpoint.ts";
import { addressed } from "./invoke/target.ts";
import { outcomeId } from "./outcome-id.ts";
import { publishBulk } from "./publish/bulk.ts";
import { refused, toBroker, unframed, unpublished } from "./publish/to-broker.ts";
import { queryMetadata } from "./query-metadata.ts";

/** Publishes one event or many to the pub/sub and topic of the path. */
const publishing = (publisher: typeof publish) => (call: Call) => {
  const [name = "", topic = ""] = call.params;
  const metadata = queryMetadata(call.request.query);
  if (name === "") return apiError("ERR_PUBSUB_EMPTY", { name }, { metadata: Object.fromEntries(metadata) });
  const opened = call.sidecar.components.pubsub.get(name);
  if (opened === undefined) {
    return apiError("ERR_PUBSUB_NOT_FOUND", { name }, { metadata: Object.fromEntries(metadata) });
  }
  return publisher(call, opened, topic, metadata);
};

/** The book's form: a path that names no pub/sub, taken for the only one there is. Today's Dapr answers 404. */
function publishUnnamed(call: Call): Promise<RuntimeResponse> | RuntimeResponse {
  const [topic = ""] = call.params;
  const { sidecar } = call;
  const all = sidecar.components.pubsub;
  const [only, another] = [...all.values()] as [OpenedPubSub, ...OpenedPubSub[]];
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

const leavesUnnamed: NonNullable<Endpoint["leaves"]> = (sidecar, request, { path }) =>
  sidecar.strict ||
  addressed({ request, params: [], path }) !== undefined ||
  sidecar.components.pubsub.size === 0;

/** dapr-http-api §1.3, from the topic on. */
async function publish(
  call: Call,
  opened: OpenedPubSub,
  topic: string,
  metadata: ReadonlyMap<string, string>,
): Promise<RuntimeResponse> {
  const { sidecar, request } = call;
  const { name } = opened.resource;
  const refusal = refused(call, opened, topic, metadata);
  if (refusal !== undefined) return refusal;
  let data: Uint8Array;
  try {
    data = await readBody(request.body, sidecar.maxBodySize);
  } catch (error) {
    return unpublished(error, name, topic);
  }
  const contentType = header(request.headers, "content-type") || undefined;
  const event = { data, contentType, metadata, requestId: outcomeId(call, data) };
  let published: PublishRequest;
  try {
    published = toBroker(call, event, { opened, topic, raw: rawPayload(metadata) === true });
  } catch (error) {
    return unframed(error, sidecar.appId, name, topic);
  }
  try {
    await opened.component.publish(published);
  } catch (error) {
    return unpublished(error, name, topic);
  }
  return noContent;
}

export const pubsub: readonly Endpoint[] = [
  {
    name: "publish.event",
    methods: ["POST", "PUT"],
    paths: ["/v1.0/publish/{pubsub}/{topic*}"],
    handle: publishing(publish),
  },
  {
    name: "publish.bulk",
    methods: ["POST", "PUT"],
    paths: ["/v1.0/publish/bulk/{pubsub}/{topic*}", "/v1.0-alpha1/publish/bulk/{pubsub}/{topic*}"],
    handle: publishing(publishBulk),
  },
  {
    name: "publish.unnamed",
    methods: ["POST", "PUT"],
    paths: ["/v1.0/publish/{topic}"],
    handle: publishUnnamed,
    leaves: leavesUnnamed,
  },
];
