import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { SpanEncoding } from "./span-encoding.ts";

export const json = JsonTraceSerializer as unknown as SpanEncoding;
