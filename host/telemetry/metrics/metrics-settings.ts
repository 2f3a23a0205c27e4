/** What a Configuration says of metrics (dapr-http-api §4.4). What is left out has the default named beside it. */
export interface Metrics {
  /** True, where a host serves metrics. */
  readonly enabled?: boolean;
  /** Whether errors of the API are counted by their codes; false. */
  readonly recordErrorCodes?: boolean;
  /** Whether a path that no pattern matches is told as it is; true. */
  readonly increasedCardinality?: boolean;
  /** Patterns of paths that are told instead of what they match, in the form of Go's ServeMux; none. */
  readonly pathMatching?: readonly string[];
  /** Whether no method is told; false. */
  readonly excludeVerbs?: boolean;
  /** Bounds in ascending milliseconds; Dapr's own. */
  readonly latencyBuckets?: readonly number[];
  /** What matches in the values of a label is replaced. */
  readonly rules?: readonly {
    /** With its prefix. */
    readonly metric: string;
    readonly label: string;
    readonly pattern: string;
    readonly replacement: string;
  }[];
}
