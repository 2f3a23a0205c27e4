/** The pipelines of a Configuration: in front of the API, and in front of the app. */
export const pipelineNames = ["httpPipeline", "appHttpPipeline"] as const;

export type PipelineName = (typeof pipelineNames)[number];

/** One step of a pipeline: the middleware component of this name, type and version. */
export interface PipelineHandler {
  readonly name: string;
  readonly type: string;
  readonly version: string;
  /** Where it is written, for messages. */
  readonly origin: string;
}
