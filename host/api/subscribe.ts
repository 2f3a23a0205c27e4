import type { OpenedPubSub } from "../components/open-component.ts";
import { rawPayload } from "../components/pubsub/raw-payload.ts";
import { covers, isWildcard } from "../components/pubsub/wildcard.ts";
import { parseDuration } from "../duration.ts";
import { ApiError, apiError } from "../errors/api-error.ts";
import { ComponentError } from "../errors/component-error.ts";
import type { StreamedTopic } from "../event-streams.ts";
import { noContent, type RuntimeResponse } from "../http.ts";
import { isFields } from "../resources/fields.ts";
import type { EventStream } from "../subscriptions/event-stream.ts";
import type { Verdict } from "../subscriptions/verdict.ts";
import type { Call, Endpoint, Handler } from "./endpoint.ts";
import { queryMetadata } from "./query-metadata.ts";
import { malformed, requestBody } from "./state/request-body.ts";

/** As many as a bulk subscription may ask for. */
const MOST_AT_ONCE = 10_000;
const ACK_TIMEOUT_MS = 60_000;
const LONGEST_ACK_TIMEOUT_MS = 24 * 3_600_000;

const verdicts: ReadonlyMap<unknown, Verdict> = new Map([
  ["SUCCESS", "success"],
  ["RETRY", "retry"],
  ["DROP", "drop"],
]);

/** Today's Dapr has none of these paths over HTTP. */
const streaming = (handle: Handler): Pick<Endpoint, "handle" | "leaves"> => ({
  handle,
  leaves: ({ strict }) => strict,
});

function addressed({ sidecar, params: [name = ""] }: Call): OpenedPubSub {
  if (name === "") throw new ApiError("ERR_PUBSUB_EMPTY", { name });
  const opened = sidecar.components.pubsub.get(name);
  if (opened === undefined) throw new ApiError("ERR_PUBSUB_NOT_FOUND", { name });
  return opened;
}

function bad(cause: string): ApiError {
  return new ApiError("ERR_BAD_REQUEST", { cause });
}

function durationOf(query: URLSearchParams, name: string, longest: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0 || ms > longest) {
    throw bad(`${name}: expected a duration above zero, such as 5s, of at most ${longest / 1000} s`);
  }
  return ms;
}

function backOffOf(query: URLSearchParams): StreamedTopic["backOff"] {
  const initialMs = durationOf(query, "redeliverInterval", LONGEST_ACK_TIMEOUT_MS);
  const maxMs = durationOf(query, "maxRedeliverInterval", LONGEST_ACK_TIMEOUT_MS);
  if (initialMs === undefined && maxMs === undefined) return undefined;
  const first = initialMs ?? Math.min(1_000, maxMs ?? 1_000);
  const longest = Math.max(first, maxMs ?? 30_000);
  return { initialMs: first, maxMs: longest, exact: first === longest };
}

function concurrencyOf(query: URLSearchParams): number | undefined {
  const text = query.get("concurrency");
  if (text === null) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= MOST_AT_ONCE) return value;
  throw bad(`concurrency: expected a number from 1 to ${MOST_AT_ONCE}`);
}

/** What the path and the query ask for. Throws where this app may not have it. */
function topicOf(
  { sidecar: { appId }, request, params: [, topic = ""] }: Call,
  opened: OpenedPubSub,
): StreamedTopic {
  const { resource, definition, access } = opened;
  const { name } = resource;
  if (topic === "") throw new ApiError("ERR_TOPIC_NAME_EMPTY", { name });
  if (!access.maySubscribe(topic)) {
    const error = `topic ${topic} is not allowed for app id ${appId}`;
    throw new ApiError("ERR_PUBSUB_FORBIDDEN", { name, topic, appId }, { metadata: { topic, error } });
  }
  const wildcards =
    definition.features.includes("SUBSCRIBE_WILDCARDS") && access.brokerTopic(topic) === topic;
  if (isWildcard(topic) && !wildcards) {
    const cause = `pub/sub ${name} (${resource.type}) has no wildcards here; name each topic by itself`;
    throw new ApiError("ERR_PUBSUB_SUBSCRIBE", { name, topic, cause }, { status: 501, metadata: { topic } });
  }
  const metadata = queryMetadata(request.query);
  const raw = rawPayload(metadata);
  if (raw === undefined) {
    const cause = "rawPayload value must be a valid boolean";
    throw new ApiError("ERR_PUBSUB_REQUEST_METADATA", { name, cause });
  }
  const query = new URLSearchParams(request.query);
  const deadLetterTopic = query.get("deadLetterTopic") ?? "";
  if (covers(topic, deadLetterTopic))
    throw bad("deadLetterTopic: its dead letters would come back without end");
  return {
    topic,
    deadLetterTopic,
    metadata,
    raw,
    consumer: query.get("consumer") || undefined,
    concurrency: concurrencyOf(query),
    backOff: backOffOf(query),
    ackTimeoutMs: durationOf(query, "ackTimeout", LONGEST_ACK_TIMEOUT_MS) ?? ACK_TIMEOUT_MS,
  };
}

async function join(call: Call, stream: EventStream, wanted: StreamedTopic): Promise<void> {
  try {
    await call.sidecar.streams.subscribe(stream, wanted);
  } catch (error) {
    const { topic } = wanted;
    const { message: cause } = ComponentError.from(error);
    throw new ApiError(
      "ERR_PUBSUB_SUBSCRIBE",
      { name: stream.pubsub, topic, cause },
      { metadata: { topic } },
    );
  }
}

/** Answers once the broker has subscribed; without a topic, which the stream gets by further calls, at once. */
async function open(call: Call): Promise<RuntimeResponse> {
  const opened = addressed(call);
  const wanted = call.params.length > 1 ? topicOf(call, opened) : undefined;
  const stream = call.sidecar.streams.open(opened.resource.name);
  if (wanted !== undefined) {
    await join(call, stream, wanted).catch((error) => {
      stream.end();
      throw error;
    });
  }
  const headers = [
    "content-type",
    "text/event-stream",
    "cache-control",
    "no-cache",
    "daprlet-stream",
    stream.id,
  ];
  return { status: 200, headers, body: stream.body };
}

function streamOf(call: Call, name: string): EventStream {
  const id = new URLSearchParams(call.request.query).get("stream") ?? "";
  const stream = call.sidecar.streams.find(name, id);
  if (stream === undefined) throw new ApiError("ERR_PUBSUB_STREAM_NOT_FOUND", { name });
  return stream;
}

async function add(call: Call): Promise<RuntimeResponse> {
  const opened = addressed(call);
  const stream = streamOf(call, opened.resource.name);
  await join(call, stream, topicOf(call, opened));
  return noContent;
}

function remove(call: Call): RuntimeResponse {
  const { name } = addressed(call).resource;
  const [, topic = ""] = call.params;
  call.sidecar.streams.unsubscribe(streamOf(call, name), topic);
  return noContent;
}

/** One verdict, or a list of them. Those that are known count whatever the others are, also when their pub/sub left. */
async function settle(call: Call): Promise<RuntimeResponse> {
  const [name = ""] = call.params;
  const body = await requestBody(call, undefined);
  let given: unknown;
  try {
    given = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw malformed("it is not valid JSON", undefined);
  }
  const all = (Array.isArray(given) ? given : [given]).map((one: unknown): [string, Verdict] => {
    const { id, status } = isFields(one) ? (one as Record<string, unknown>) : {};
    const verdict = verdicts.get(status);
    if (typeof id === "string" && verdict !== undefined) return [id, verdict];
    throw malformed(
      'expected {"id": "<of the event>", "status": "SUCCESS, RETRY or DROP"}, or a list',
      undefined,
    );
  });
  const { streams } = call.sidecar;
  const unknown = all.filter(([id, verdict]) => !streams.settle(name, id, verdict)).length;
  if (unknown === 0) return noContent;
  addressed(call);
  return apiError("ERR_PUBSUB_EVENT_NOT_FOUND", { name, count: unknown });
}

const base = "/v1.0-alpha1/subscribe/{pubsub}";
const topic = `${base}/{topic*}`;

/** Streaming subscriptions, as Dapr's gRPC API has them (`SubscribeTopicEventsAlpha1`), over HTTP. */
export const subscribe: readonly Endpoint[] = [
  { name: "subscribe.stream", methods: ["GET"], paths: [base, topic], ...streaming(open) },
  { name: "subscribe.add", methods: ["PUT"], paths: [topic], ...streaming(add) },
  { name: "subscribe.remove", methods: ["DELETE"], paths: [topic], ...streaming(remove) },
  { name: "subscribe.verdict", methods: ["POST"], paths: [base], ...streaming(settle) },
];
