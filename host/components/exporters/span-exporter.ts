import type { Component, Definition } from "../component.ts";
import { flag, type MetadataSchema, text } from "../metadata-schema.ts";

export type SpanKind = "client" | "server" | "producer" | "consumer";

export type AttributeValue = string | number | boolean;

/** How it ended; `message` says why where that is `error`. */
export interface SpanStatus {
  readonly code: "unset" | "ok" | "error";
  readonly message?: string;
}

/** One step of a trace, ended. Ids are hexadecimal, as W3C Trace Context writes them. */
export interface FinishedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined: the trace begins here. */
  readonly parentId: string | undefined;
  /** Empty without one. */
  readonly tracestate: string;
  readonly name: string;
  readonly kind: SpanKind;
  /** Milliseconds since the epoch, with a fraction; so is the end. */
  readonly start: number;
  readonly end: number;
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  readonly status: SpanStatus;
}

/** Sends spans somewhere. It is called with one batch at a time, never while a request waits for it. */
export interface SpanExporter extends Component {
  /**
   * Rejects where the batch did not get there. It comes again then, unless the error is a ComponentError whose code says
   * that it never will: INVALID_ARGUMENT, PERMISSION_DENIED, UNAUTHENTICATED, UNIMPLEMENTED.
   */
  export(spans: readonly FinishedSpan[]): Promise<void>;
}

/** What the metadata of every exporter may say: done where it opens, before it is given anything. */
export const exportFields = {
  enabled: flag("`false` exports nothing.", true),
  mask: text("Attributes whose values are hidden: names, or beginnings with `*`, separated by commas.", ""),
};

export interface ExporterDefinition<M extends MetadataSchema = MetadataSchema>
  extends Definition<SpanExporter, M> {
  readonly type: `exporters.${string}`;
}

export function defineExporter<const M extends MetadataSchema>(
  definition: ExporterDefinition<M>,
): ExporterDefinition {
  return definition as unknown as ExporterDefinition;
}
