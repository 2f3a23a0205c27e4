/** `daprlet/runtime`: the runtime on web standards, for hosts and for authors of components. */

export type { AppChannel } from "./channel/app-channel.ts";
export * from "./components/bindings/binding.ts";
export { BindingFailure } from "./components/bindings/binding-failure.ts";
export { deliverUntilConsumed } from "./components/bindings/redelivery.ts";
export type { Component, ComponentContext, Definition } from "./components/component.ts";
export type { ComponentChange } from "./components/components.ts";
export * from "./components/configuration/configuration-store.ts";
export { type Mask, maskedExporter } from "./components/exporters/mask.ts";
export { readableSpans } from "./components/exporters/open-telemetry/readable-span.ts";
export {
  type AttributeValue,
  defineExporter,
  type ExporterDefinition,
  exportFields,
  type FinishedSpan,
  type SpanExporter,
  type SpanKind,
  type SpanStatus,
} from "./components/exporters/span-exporter.ts";
export { extendRegistry } from "./components/extend-registry.ts";
export * from "./components/lock/lock-store.ts";
export {
  duration,
  field,
  flag,
  integer,
  type MetadataSchema,
  others,
  text,
} from "./components/metadata-schema.ts";
export * from "./components/middleware/middleware.ts";
export * from "./components/nameresolution/name-resolver.ts";
export * from "./components/pubsub/pubsub.ts";
export type { Registry } from "./components/registry.ts";
export * from "./components/secretstores/secret-store.ts";
export type * from "./components/state/query.ts";
export * from "./components/state/store.ts";
export type { Core } from "./core/core.ts";
export { ComponentError, ETagError } from "./errors/component-error.ts";
export { FakeClock } from "./fake-clock.ts";
export {
  type Body,
  type Headers,
  header,
  json,
  type RuntimeRequest,
  type RuntimeResponse,
  readBody,
  withChanges,
  withoutHeader,
} from "./http.ts";
export type * from "./mesh/transport.ts";
export type * from "./platform.ts";
export type { ComponentResource } from "./resources/component.ts";
export type { Resources } from "./resources/resources.ts";
export { Runtime, type RuntimeOptions } from "./runtime.ts";
