import type { Component, Definition } from "../component.ts";
import type { MetadataSchema } from "../metadata-schema.ts";

/** One call of an output binding (dapr-http-api §1.4). */
export interface BindingRequest {
  readonly operation: string;
  /** JSON of the request's `data`: a string comes in its quotes, a missing one as `null`. The component owns it. */
  readonly data: Uint8Array;
  readonly metadata: ReadonlyMap<string, string>;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal | undefined;
}

export interface BindingResponse {
  /** Answered as it is. */
  readonly data: Uint8Array | undefined;
  /** Answered as headers `metadata.<name>`. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** One event of an input binding. */
export interface BindingEvent {
  /** What the app is posted. Shared with later attempts: to be read only. */
  readonly data: Uint8Array;
  /** Sent to the app as plain headers. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Resolves with the app's answer: the event is consumed. Rejects: the component delivers it again, after a back-off. */
export type BindingHandler = (event: BindingEvent) => Promise<Uint8Array | undefined>;

/** A reader of events; `close` hands out no more and awaits those under way. */
export interface BindingReader {
  close(): Promise<void>;
}

/** What is invoked. `invoke` throws a ComponentError; undefined is success without an answer (204). */
export interface OutputBinding extends Component {
  /** As the error for an unsupported one lists them. */
  readonly operations: readonly string[];
  invoke(request: BindingRequest): Promise<BindingResponse | undefined>;
}

/**
 * What calls. A reader keeps what the app did not consume, as far as its source can, and never hands out one event to
 * two handlers at a time.
 */
export interface InputBinding extends Component {
  read(handler: BindingHandler): Promise<BindingReader>;
}

/** A connection to something outside: output, input or both, as the features of its definition say. */
export type Binding = Component & Partial<Omit<OutputBinding & InputBinding, "close">>;

export type BindingFeature = "INPUT_BINDING" | "OUTPUT_BINDING";

type Featured<F extends BindingFeature> = ("INPUT_BINDING" extends F ? InputBinding : Component) &
  ("OUTPUT_BINDING" extends F ? OutputBinding : Component);

export interface BindingDefinition<
  M extends MetadataSchema = MetadataSchema,
  F extends BindingFeature = BindingFeature,
> extends Definition<Featured<F>, M> {
  readonly type: `bindings.${string}`;
  readonly features: readonly F[];
}

export function defineBinding<const M extends MetadataSchema, const F extends BindingFeature>(
  definition: BindingDefinition<M, F>,
): BindingDefinition {
  return definition as unknown as BindingDefinition;
}
