import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { SpanEncoding } from "./span-encoding.ts";

export const protobuf = ProtobufTraceSerializer as unknown as SpanEncoding;
