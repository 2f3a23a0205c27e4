/** `spec.tracing` of a Configuration; what it does not say is left out. */
export interface TracingSection {
  /** 0 to 1. */
  readonly samplingRate?: number;
  readonly stdout?: boolean;
  readonly zipkin?: { readonly endpointAddress?: string };
  readonly otel?: {
    /** With its scheme. */
    readonly endpointAddress?: string;
    /** `name=value`, separated by commas. */
    readonly headers?: string;
    readonly timeout?: string;
    readonly protocol?: string;
  };
}
