export { JsonTraceSerializer as json } from "@opentelemetry/otlp-transformer";
