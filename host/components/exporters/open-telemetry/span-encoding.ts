import type { SdkSpan } from "./readable-span.ts";

/** OpenTelemetry's own encoding of spans, in JSON or protobuf; undefined in the unlikely case that it fails. */
export interface SpanEncoding {
  serializeRequest(spans: SdkSpan[]): Uint8Array | undefined;
}
