import type { RuntimeRequest, RuntimeResponse } from "../../http.ts";
import type { Component, Definition } from "../component.ts";
import type { MetadataSchema } from "../metadata-schema.ts";

/** The rest of a pipeline: what comes after this middleware, and at the end what the pipeline is in front of. */
export type Next = (request: RuntimeRequest) => Promise<RuntimeResponse>;

/**
 * One step of a pipeline (dapr-http-api §6): in front of the API (`httpPipeline`) or of the app (`appHttpPipeline`). It
 * answers itself, or calls `next` at most once with the request as it is or another, and may change the answer. A body
 * that is a stream and not looked into goes on as a stream.
 */
export interface HttpMiddleware extends Component {
  handle(request: RuntimeRequest, next: Next): Promise<RuntimeResponse>;
  /**
   * Whether another site may send a person here, as a provider does after a login: a GET of a whole page, which a host
   * refuses else. Asked before {@link handle}, and only then.
   */
  lands?(landing: Landing): boolean;
}

/** What is known of a page's request before it is let in. */
export type Landing = Pick<RuntimeRequest, "path" | "query" | "headers">;

export interface MiddlewareDefinition<M extends MetadataSchema = MetadataSchema>
  extends Definition<HttpMiddleware, M> {
  readonly type: `middleware.http.${string}`;
}

export function defineMiddleware<const M extends MetadataSchema>(
  definition: MiddlewareDefinition<M>,
): MiddlewareDefinition {
  return definition as unknown as MiddlewareDefinition;
}
