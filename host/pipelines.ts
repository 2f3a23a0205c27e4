import { dispatchedPath } from "./api/dispatched-path.ts";
import type { Landing } from "./components/middleware/middleware.ts";
import type { OpenedMiddleware } from "./components/open-component.ts";
import { apiError } from "./errors/api-error.ts";
import { ComponentError } from "./errors/component-error.ts";
import type { RuntimeRequest } from "./http.ts";
import { type Pipeline, pipelineOf } from "./pipeline.ts";
import type { Log } from "./platform.ts";
import { type PipelineHandler, type PipelineName, pipelineNames } from "./resources/pipeline-handler.ts";
import type { Resources } from "./resources/resources.ts";
import { inScope } from "./resources/scope.ts";
import type { Sidecar } from "./sidecar.ts";

/** What of an app's sidecar decides which components are its own. */
interface Owner {
  readonly appId: string;
  /** The one that the host was given. */
  readonly namespace: string | undefined;
}

type Open = ReadonlyMap<string, OpenedMiddleware>;

function is(handler: PipelineHandler, resource: OpenedMiddleware["resource"]): boolean {
  return (
    handler.name === resource.name && handler.type === resource.type && handler.version === resource.version
  );
}

function shown({ name, type, version, origin }: PipelineHandler): string {
  return `middleware ${name} (${type}/${version}; ${origin})`;
}

/**
 * Throws a ComponentError for a pipeline that names what is no component of this app: who puts a check in front of an API
 * must not get one without it.
 */
export function checkPipelines({ components, configuration }: Resources, owner: Owner): void {
  const own = components.filter((resource) => inScope(resource, owner.appId, owner.namespace));
  for (const pipeline of pipelineNames) {
    for (const handler of configuration[pipeline] ?? []) {
      if (own.some((resource) => is(handler, resource))) continue;
      const namesake = own.find(({ name }) => name === handler.name);
      const found = namesake && `; the component of that name is ${namesake.type}/${namesake.version}`;
      throw new ComponentError(
        "INVALID_ARGUMENT",
        `${pipeline} names ${shown(handler)}, which is no component of this app${found ?? ""}: add it, or take it out of the pipeline`,
      );
    }
  }
}

/** What a request's path is called in a middleware's routes; undefined for one that is none. */
type PathOf = (request: RuntimeRequest) => string | undefined;

function isMeant({ routes }: OpenedMiddleware, request: RuntimeRequest, pathOf: PathOf): boolean {
  if (routes === undefined) return true;
  const path = pathOf(request);
  return path === undefined || routes(path);
}

function passing(step: OpenedMiddleware, pathOf: PathOf): Pipeline {
  const { component } = step;
  if (step.routes === undefined) return (request, next) => component.handle(request, next);
  return (request, next) =>
    isMeant(step, request, pathOf) ? component.handle(request, next) : next(request);
}

function refusing(pipeline: PipelineName, name: string | undefined): Pipeline {
  return () => Promise.resolve(apiError("ERR_MIDDLEWARE_UNAVAILABLE", { pipeline, name: name ?? "" }));
}

const waiting: Pipeline = () =>
  Promise.resolve(apiError("ERR_RUNTIME_UNAVAILABLE", { cause: "components are not open yet" }));

type Step = OpenedMiddleware | undefined;

function steps(handlers: readonly PipelineHandler[], open: Open): readonly Step[] {
  return handlers.map((handler) => {
    const opened = open.get(handler.name);
    return opened !== undefined && is(handler, opened.resource) ? opened : undefined;
  });
}

/** The pipelines of the Configuration, made of the middleware that is open. */
export class Pipelines {
  readonly #log: Log;
  readonly #paths: Readonly<Record<PipelineName, PathOf>>;
  /** What each is made of. */
  readonly #handlers = new Map<PipelineName, readonly PipelineHandler[]>();
  /** What was last complained of. */
  readonly #complaints = new Map<PipelineName, string>();
  #inFront: readonly Step[] = [];
  /** In front of the API; undefined when it has no steps. */
  http: Pipeline | undefined;
  /** In front of the app. */
  app: Pipeline | undefined;

  /** Until the first update, what has to pass a pipeline is answered 503: it must not slip by while components open. */
  constructor(sidecar: Sidecar, { configuration }: Resources) {
    this.#log = sidecar.log;
    this.#paths = {
      httpPipeline: (request) => dispatchedPath(sidecar, request),
      appHttpPipeline: ({ path }) => {
        const normal = sidecar.core.normalise(path);
        return typeof normal === "string" ? undefined : `/${normal.path}`;
      },
    };
    if (configuration.httpPipeline?.length) this.http = waiting;
    if (configuration.appHttpPipeline?.length) this.app = waiting;
  }

  /**
   * Brings both to what is wanted now. One with a step that could not be opened stays as it was; where it was not there
   * before, or its own steps have gone, what comes to the step is answered 503.
   */
  update({ configuration }: Resources, open: Open): void {
    this.http = this.#made("httpPipeline", configuration.httpPipeline ?? [], open);
    this.app = this.#made("appHttpPipeline", configuration.appHttpPipeline ?? [], open);
  }

  /** Whether a step in front of the API expects somebody whom another site sends here. */
  lands(landing: Landing): boolean {
    return this.#inFront.some((step) => {
      if (step?.component.lands === undefined) return false;
      const request: RuntimeRequest = { ...landing, method: "GET", body: undefined };
      return isMeant(step, request, this.#paths.httpPipeline) && step.component.lands(landing);
    });
  }

  #made(name: PipelineName, wanted: readonly PipelineHandler[], open: Open): Pipeline | undefined {
    const missing = wanted[steps(wanted, open).indexOf(undefined)];
    if (missing === undefined) this.#complaints.delete(name);
    const before = this.#handlers.get(name);
    const stays = missing !== undefined && before !== undefined && !steps(before, open).includes(undefined);
    if (missing !== undefined) {
      const effect = stays ? "it stays as it was" : "what comes to it is answered 503";
      const complaint = `${name} has a step that is not open, ${shown(missing)}: ${effect}`;
      if (this.#complaints.get(name) !== complaint) this.#log.error(complaint);
      this.#complaints.set(name, complaint);
    }
    const handlers = stays ? before : wanted;
    this.#handlers.set(name, handlers);
    const opened = steps(handlers, open);
    if (name === "httpPipeline") this.#inFront = opened;
    return pipelineOf(
      opened.map((step, i) =>
        step === undefined ? refusing(name, handlers[i]?.name) : passing(step, this.#paths[name]),
      ),
    );
  }
}
