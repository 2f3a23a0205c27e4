import type { AttributeValue } from "../components/exporters/span-exporter.ts";
import { header, type RuntimeRequest, type RuntimeResponse, text, withChanges } from "../http.ts";
import type { Sidecar } from "../sidecar.ts";
import { baggageFault } from "../telemetry/baggage.ts";
import { spanStatus } from "../telemetry/span-status.ts";
import type { Hop, SpanDescription, Tracing } from "../telemetry/tracing.ts";
import { endpoints } from "./endpoints.ts";
import { addressed } from "./invoke/target.ts";
import { invocationName } from "./invoke/traced-invocation.ts";

type Answering = (request: RuntimeRequest) => Promise<RuntimeResponse>;

/** Blocks that daprd describes as databases, by what it calls them. */
const databases: ReadonlySet<string> = new Set(["state", "bindings", "secrets"]);

/** What daprd's spans say of a request, under the same names. */
function described(sidecar: Sidecar, request: RuntimeRequest, status: number): SpanDescription {
  const { method, path, query } = request;
  const route = sidecar.core.route(method, path);
  const endpoint = typeof route === "string" ? undefined : endpoints[route.operation];
  const block = endpoint?.name.split(".", 1)[0] ?? "invoke";
  const attributes: [string, AttributeValue | undefined][] = [
    ["dapr.api", `${method} ${path}`],
    ["dapr.protocol", "http"],
    ["dapr.status_code", String(status)],
    ["http.request.method", method],
    ["url.full", query === "" ? path : `${path}?${query}`],
  ];
  let name = path;
  if (typeof route !== "string") {
    const { params } = route;
    const call = { sidecar, request, params, path: route.path, requestId: undefined };
    const target = block === "invoke" ? addressed(call) : undefined;
    if (target !== undefined) {
      name = invocationName(sidecar, target.id, target.method);
      attributes.push(["rpc.service", "ServiceInvocation"], ["net.peer.name", target.id]);
    }
    if (databases.has(block)) {
      attributes.push(["db.system", block], ["db.name", params[0]], ["db.connection_string", block]);
      attributes.push(["db.statement", `${method} ${path}`]);
    }
  }
  if (block === "publish") attributes.push(["messaging.system", "pubsub"]);
  return { name, kind: "client", attributes, status: spanStatus(status, sidecar.strict) };
}

function told(response: RuntimeResponse, hop: Hop, baggage: string): RuntimeResponse {
  const more: string[] = [];
  if (header(response.headers, "traceparent") === undefined) {
    more.push("traceparent", hop.traceparent);
    if (hop.tracestate !== "") more.push("tracestate", hop.tracestate);
  }
  if (baggage !== "" && header(response.headers, "baggage") === undefined) more.push("baggage", baggage);
  return more.length === 0 ? response : { ...response, headers: [...response.headers, ...more] };
}

function baggageOf({ headers }: RuntimeRequest): string {
  const given: string[] = [];
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i] === "baggage") given.push(headers[i + 1] as string);
  return given.join(",");
}

/**
 * A request of the API as a hop of its trace: what is behind `answer` reads the hop's `traceparent` as its caller's. Asked
 * after health, nothing is traced.
 */
export async function tracedRequest(
  tracing: Tracing,
  sidecar: Sidecar,
  request: RuntimeRequest,
  answer: Answering,
): Promise<RuntimeResponse> {
  if (request.path.startsWith("/v1.0/healthz")) return answer(request);
  const baggage = baggageOf(request);
  const fault = baggageFault(baggage);
  if (fault !== undefined) return text(`invalid baggage header: ${fault}`, 400);
  const hop = tracing.begin(request.headers);
  const response = await answer(withChanges(request, { headers: hop.onward(request.headers) }));
  hop.end(() => described(sidecar, request, response.status));
  return told(response, hop, baggage);
}
