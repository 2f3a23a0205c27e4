import type { BindingHandler } from "../components/bindings/binding.ts";
import type { OpenComponents } from "../components/open-component.ts";
import type { Headers, RuntimeRequest, RuntimeResponse } from "../http.ts";
import type { Readiness } from "../sidecar.ts";
import type { Meters } from "../telemetry/metrics/meters.ts";
import type { Tracer } from "../telemetry/tracer.ts";
import type { Api } from "./host-calls.ts";

/** What a sidecar measures and traces its packages by. */
export interface Observers {
  readonly meters: Pick<Meters, "capabilities"> | undefined;
  readonly tracer: Pick<Tracer, "tracing">;
  readonly strict: boolean;
}

/** The sidecar of some packages. */
export interface AttachedSidecar {
  readonly sidecar: Observers & {
    readonly readiness: Pick<Readiness, "components">;
    /** Throws while nothing is open. */
    readonly components: OpenComponents;
  };
  /** Has the sidecar look anew at whose events are wanted. */
  askApp(): Promise<void>;
  /** Has it open what its registry has by now of the components that it wants. */
  update(): Promise<unknown>;
}

/** The capability packages of one sidecar. */
export interface Capabilities {
  /**
   * Gives them the sidecar's API, without which none of their calls can be performed, and the sidecar itself; left out, nothing
   * observes them.
   */
  attach(api: Api, sidecar?: AttachedSidecar): void;
  /** What is loaded, granted and measured. */
  list(): readonly object[];
  /**
   * Answers a call of an offer's operation: of the package of that name, or, undefined, of the first that has the path. `path`
   * is decoded, and has no slash in front. Throws an ApiError.
   */
  handle(request: RuntimeRequest, packageName: string | undefined, path: string): Promise<RuntimeResponse>;
  /** Calls the function of that name. Throws an ApiError. */
  invoke(request: RuntimeRequest, name: string): Promise<RuntimeResponse>;
  /** Names of input bindings whose events go to functions. */
  readonly bindings: readonly string[];
  /** Takes an event of a binding for the functions that are called by it, as the app would; undefined: there are none. */
  takes(binding: string): BindingHandler | undefined;
  /** Types of actors that packages are, and how they are hosted. */
  readonly actorTypes: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /**
   * Answers what an app is asked of an actor, for one of theirs; undefined: it is nobody's here. Where turns are elsewhere, writes
   * of the actor's state say by these headers whose they are.
   */
  answerActor(request: RuntimeRequest, turn?: Headers): Promise<RuntimeResponse | undefined>;
  /** Components were closed: lets packages go that stayed for them. */
  componentsChanged(): Promise<void>;
  /** The sidecar answers from now on: functions get their events. */
  start(): void;
  close(): Promise<void>;
}
