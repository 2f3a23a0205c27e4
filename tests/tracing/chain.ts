import { type CreateRuntimeOptions, createRuntime, type LocalRuntime } from "../../host/node/index.ts";
import type { Log } from "../../host/platform.ts";
import { sharedTransports } from "../hosts/in-process.ts";

const quiet = () => undefined;
export const silent: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** What an app of the chain saw. */
export interface Seen {
  readonly app: string;
  readonly headers: ReadonlyMap<string, string>;
}

/** Three sidecars in one process: `b` hands what it is asked to `c`, which answers the status of the query. */
export interface Chain {
  readonly seen: Seen[];
  readonly a: LocalRuntime;
  /** Asks b by way of a. */
  ask(query: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Ends all, with what they have to export. */
  stop(): Promise<void>;
}

/** `passed`: the headers that b's app hands on. */
export async function startChain(
  components: NonNullable<CreateRuntimeOptions["components"]>,
  options: Partial<CreateRuntimeOptions> = {},
  passed: readonly string[] = ["traceparent", "tracestate"],
): Promise<Chain> {
  const transport = sharedTransports();
  const seen: Seen[] = [];
  const open = (appId: string, app?: (request: Request) => Response | Promise<Response>) =>
    createRuntime({
      appId,
      components,
      transports: [transport()],
      log: silent,
      ...(app !== undefined && { app }),
      ...options,
    });
  /** False for what a sidecar asks its app by itself. */
  const note = (app: string, { headers, url }: Request) => {
    const asked = /\/(relay|answer)\b/.test(url);
    if (asked) seen.push({ app, headers: new Map(headers) });
    return asked;
  };
  const c = await open("c", (request) => {
    if (!note("c", request)) return new Response(null, { status: 404 });
    return new Response("done", { status: Number(new URL(request.url).searchParams.get("status") ?? "200") });
  });
  const b: LocalRuntime = await open("b", (request) => {
    if (!note("b", request)) return new Response(null, { status: 404 });
    const headers = passed.flatMap((name): [string, string][] => {
      const value = request.headers.get(name);
      return value === null ? [] : [[name, value]];
    });
    return b.fetch(`/v1.0/invoke/c/method/answer${new URL(request.url).search}`, { headers });
  });
  const a = await open("a");
  return {
    seen,
    a,
    ask: (query, headers = {}) => a.fetch(`/v1.0/invoke/b/method/relay${query}`, { headers }),
    async stop() {
      await Promise.all([a, b, c].map((runtime) => runtime.stop()));
    },
  };
}

/** A Configuration with a sampling rate, and more of its tracing section. */
export function tracingYaml(samplingRate: string, more = ""): string {
  return `apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: { name: tracing }
spec:
  tracing:
    samplingRate: "${samplingRate}"
${more}`;
}

/** The printed component of the book, and others of its kind. */
export function exporterYaml(type: string, metadata: Readonly<Record<string, string>>): string {
  const values = Object.entries({ enabled: "true", ...metadata }).map(([name, value]) => ({ name, value }));
  return `
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: ${type} }
spec:
  type: exporters.${type}
  metadata: ${JSON.stringify(values)}
`;
}
