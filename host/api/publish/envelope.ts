import { type Headers, header } from "../../http.ts";
import type { Sidecar } from "../../sidecar.ts";
import { wellFormedTraceparent } from "../../traceparent.ts";

const cloudEvents = "application/cloudevents+json";

export interface Destination {
  readonly topic: string;
  readonly pubsubname: string;
  /** The component drops expired events itself: no `expiration` is framed. */
  readonly nativeTtl: boolean;
}

function isCloudEvent(contentType: string): boolean {
  if (!/^application\/cloudevents/i.test(contentType)) return false;
  return contentType.split(";", 1)[0]?.trim().toLowerCase() === cloudEvents;
}

/** RFC 3339 with whole seconds, as Dapr writes it. */
const rfc3339 = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** Lower-cased names of `cloudevent.*` overrides without the prefix, and `ttlinseconds`; empty values do not count. */
function attributesOf(metadata: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const [name, value] of metadata) {
    const lower = name.toLowerCase();
    if (value === "") continue;
    if (lower.startsWith("cloudevent.")) attributes.set(lower.slice("cloudevent.".length), value);
    else if (lower === "ttlinseconds") attributes.set(lower, value);
  }
  return attributes;
}

/** Dapr ignores a time to live that is negative or no number, and lets one of 0 expire at once. */
function expiration(ttlInSeconds: string | undefined, now: number): { expiration?: string } {
  if (ttlInSeconds === undefined || !/^\d{1,10}$/.test(ttlInSeconds)) return {};
  return { expiration: rfc3339(now + Number(ttlInSeconds) * 1000) };
}

/**
 * The bytes that go to the broker: a CloudEvents 1.0 envelope around `body`, or, where the content type says that it is
 * one already, `body` completed. Overrides apply to new envelopes only. Throws ScanError for an event that is no JSON
 * object.
 */
export function envelope(
  { appId, core, platform }: Sidecar,
  body: Uint8Array,
  contentType: string | undefined,
  headers: Headers,
  metadata: ReadonlyMap<string, string>,
  { topic, pubsubname, nativeTtl }: Destination,
): Uint8Array {
  const now = platform.clock.now();
  const given = metadata.size === 0 ? metadata : attributesOf(metadata);
  const parent = header(headers, "traceparent");
  // Without a tracer of our own a child span would have no parent anywhere: the caller's goes on as it is.
  const traceparent = parent !== undefined && wellFormedTraceparent.test(parent) ? parent : "";
  const tracestate = traceparent === "" ? "" : (header(headers, "tracestate") ?? "");
  const expires = nativeTtl ? {} : expiration(given.get("ttlinseconds"), now);
  const time = rfc3339(now);
  if (contentType !== undefined && isCloudEvent(contentType)) {
    return core.complete(
      {
        id: platform.uuid(),
        source: "Dapr",
        type: "com.dapr.event.sent",
        time,
        topic,
        pubsubname,
        traceparent,
        tracestate,
        ...expires,
      },
      body,
    );
  }
  const subject = given.get("subject");
  return core.frame(
    {
      id: given.get("id") ?? platform.uuid(),
      source: given.get("source") ?? (appId || "Dapr"),
      type: given.get("type") ?? "com.dapr.event.sent",
      ...(subject !== undefined && { subject }),
      time,
      datacontenttype: contentType ?? "text/plain",
      topic,
      pubsubname,
      traceparent: given.get("traceparent") ?? given.get("traceid") ?? traceparent,
      tracestate: given.get("tracestate") ?? tracestate,
      ...expires,
    },
    body,
  );
}
