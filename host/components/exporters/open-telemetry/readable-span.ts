import type { AttributeValue, FinishedSpan } from "../span-exporter.ts";

/** OpenTelemetry's numbers for kinds and codes; a span without a kind is internal, 0. */
const kinds = { server: 1, client: 2, producer: 3, consumer: 4 } as const;
const codes = { unset: 0, ok: 1, error: 2 } as const;

interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote: boolean;
  readonly traceState?: { serialize(): string };
}

/** `ReadableSpan` of the OpenTelemetry SDK, as far as exporters look: authors need not have the SDK for our types. */
export interface SdkSpan {
  readonly name: string;
  readonly kind: number;
  spanContext(): SpanContext;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: [number, number];
  readonly endTime: [number, number];
  readonly duration: [number, number];
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly links: readonly never[];
  readonly events: readonly never[];
  readonly ended: true;
  readonly resource: { readonly attributes: Readonly<Record<string, string>> };
  readonly instrumentationScope: { readonly name: string };
  readonly droppedAttributesCount: 0;
  readonly droppedEventsCount: 0;
  readonly droppedLinksCount: 0;
}

/** Seconds and nanoseconds. */
function highResolution(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}

/** Spans as exporters of the OpenTelemetry SDK take them. All of one call share their resource. */
export function readableSpans(spans: readonly FinishedSpan[], serviceName: string): SdkSpan[] {
  const resource = { attributes: { "service.name": serviceName } };
  const instrumentationScope = { name: "daprlet" };
  return spans.map((span): SdkSpan => {
    const { traceId, parentId, tracestate, status } = span;
    const state = tracestate === "" ? undefined : { serialize: () => tracestate };
    const context = (spanId: string, isRemote: boolean) => ({
      traceId,
      spanId,
      traceFlags: 1,
      isRemote,
      ...(state !== undefined && { traceState: state }),
    });
    const own = context(span.spanId, false);
    return {
      name: span.name,
      kind: kinds[span.kind],
      spanContext: () => own,
      ...(parentId !== undefined && { parentSpanContext: context(parentId, true) }),
      startTime: highResolution(span.start),
      endTime: highResolution(span.end),
      duration: highResolution(span.end - span.start),
      status: { code: codes[status.code], ...(status.message !== undefined && { message: status.message }) },
      attributes: Object.fromEntries(span.attributes),
      links: [],
      events: [],
      ended: true,
      resource,
      instrumentationScope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  });
}
