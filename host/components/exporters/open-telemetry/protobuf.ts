export { ProtobufTraceSerializer as protobuf } from "@opentelemetry/otlp-transformer";
