import { defineMiddleware } from "../../host/components/middleware/middleware.ts";
import { withChanges } from "../../host/http.ts";
import { createRuntime, type FetchHandler, type LocalRuntime, nodeRegistry } from "../../host/node/index.ts";
import type { Log } from "../../host/platform.ts";

/** What happened, in its order. */
export class Told {
  readonly events: string[] = [];
  readonly errors: string[] = [];
  readonly log: Log;

  constructor() {
    const quiet = () => undefined;
    this.log = { debug: quiet, info: quiet, warn: quiet, error: (message) => this.errors.push(message) };
  }

  take(): string[] {
    return this.events.splice(0);
  }
}

/** `middleware.http.mark` tells when a request passes it, both ways, and when it opens and closes; `label: broken` does not open. */
function mark(told: Told) {
  return defineMiddleware({
    type: "middleware.http.mark",
    version: "v1",
    summary: "Tells what passes it.",
    metadata: { label: { description: "", required: false, fallback: "", decode: (value: string) => value } },
    features: [],
    async open({ label }, { name }) {
      if (label === "broken") throw new Error("it does not open");
      const who = `${name}${label}`;
      return {
        async handle(request, next) {
          told.events.push(`>${who}`);
          const headers = [...request.headers, "x-passed", who];
          const answer = await next(withChanges(request, { headers }));
          told.events.push(`<${who}`);
          return { ...answer, headers: [...answer.headers, "x-passed", who] };
        },
        async close() {
          told.events.push(`closed ${who}`);
        },
      };
    },
  });
}

export type Metadata = Readonly<Record<string, string>>;

export interface Given {
  readonly name: string;
  readonly type?: string;
  readonly metadata?: Metadata;
  readonly ignoreErrors?: boolean;
  readonly scopes?: readonly string[];
}

function document(kind: string, name: string, rest: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ apiVersion: "dapr.io/v1alpha1", kind, metadata: { name }, ...rest });
}

const typeOf = (type = "mark") => `middleware.http.${type}`;

/** Components of middleware, and pipelines of them by name; `name/type` where the type is not the component's. */
export function yaml(
  components: readonly Given[],
  http: readonly string[] = [],
  app: readonly string[] = [],
): string {
  const handlers = (names: readonly string[]) => ({
    handlers: names.map((written) => {
      const [name = "", type] = written.split("/");
      return { name, type: typeOf(type ?? components.find((one) => one.name === name)?.type) };
    }),
  });
  return [
    ...components.map(({ name, type, metadata = {}, ignoreErrors, scopes }) => {
      const fields = Object.entries(metadata).map(([field, value]) => ({ name: field, value }));
      const spec = { type: typeOf(type), version: "v1", metadata: fields, ignoreErrors };
      return document("Component", name, { spec, scopes });
    }),
    document("Component", "statestore", { spec: { type: "state.in-memory", version: "v1" } }),
    document("Component", "pubsub", { spec: { type: "pubsub.in-memory", version: "v1" } }),
    document("Configuration", "pipelines", {
      spec: { httpPipeline: handlers(http), appHttpPipeline: handlers(app) },
    }),
  ].join("\n---\n");
}

export function startWith(
  told: Told,
  resources: string,
  app?: (request: Request) => Response | Promise<Response>,
): Promise<LocalRuntime> {
  return createRuntime({
    appId: "shop",
    components: resources,
    log: told.log,
    registry: { ...nodeRegistry, middleware: [...(nodeRegistry.middleware ?? []), mark(told)] },
    ...(app === undefined ? {} : { app }),
  });
}

/** An app that asks for no events. */
export function subscribesToNothing(app: FetchHandler): FetchHandler {
  return (request) =>
    /\/dapr\/(subscribe|config)$/.test(request.url) ? new Response(null, { status: 404 }) : app(request);
}
