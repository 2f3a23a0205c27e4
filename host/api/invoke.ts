import { AppUnreachableError } from "../channel/app-channel.ts";
import type { AccessTable, RouteFault } from "../core/core.ts";
import { ApiError, apiError } from "../errors/api-error.ts";
import { reasonOf } from "../errors/reason-of.ts";
import {
  BodyTooLargeError,
  goingOn,
  header,
  type RuntimeRequest,
  type RuntimeResponse,
  text,
  withChanges,
  withoutHeader,
} from "../http.ts";
import type { HttpEndpoint } from "../http-endpoints.ts";
import type { Waits } from "../mesh/mesh.ts";
import { type Peer, UnavailableError } from "../mesh/transport.ts";
import { PolicyError } from "../resiliency/policy-error.ts";
import { defaultTrustDomain } from "../resources/access-control.ts";
import type { Sidecar } from "../sidecar.ts";
import type { Call, Endpoint } from "./endpoint.ts";
import { invokeExternal } from "./invoke/external.ts";
import {
  answerHeaders,
  asksForEvents,
  eventStreamHeaders,
  forwardedHeaders,
  receivedHeaders,
} from "./invoke/headers.ts";
import { limitedBody } from "./invoke/limited-body.ts";
import { resolved } from "./invoke/resolved.ts";
import {
  addressed,
  type Destination,
  destination,
  encodeMethod,
  type Target,
  writtenTarget,
} from "./invoke/target.ts";
import { tracedInvocation } from "./invoke/traced-invocation.ts";
import { underPolicy } from "./invoke/under-policy.ts";

/** Methods `*`: any token. The router's own rule splits the target at the first `/method/` of the raw path. */
export const invoke: readonly Endpoint[] = [
  { name: "invoke.method", methods: ["*"], paths: ["/v1.0/invoke/{id}/method/{method*}"], handle: invokeApp },
];

/** The answer to a call that names no app. */
export function unaddressed(): RuntimeResponse {
  return apiError(
    "ERR_DIRECT_INVOKE",
    {},
    {
      status: 404,
      message: "failed getting app id either from the URL path or the header dapr-app-id",
    },
  );
}

/** The answer to a method path that no authorisation could judge for sure. */
export function refuseMethod(request: RuntimeRequest): RuntimeResponse {
  const id = writtenTarget(request);
  if (id === "") return unaddressed();
  const cause = "invalid method: a control character, # or ? in the path";
  return apiError("ERR_DIRECT_INVOKE", { id, cause });
}

/** The answer to a path that the router takes for none, for this fault. */
export function refuseRoute(fault: RouteFault, request: RuntimeRequest): RuntimeResponse {
  if (fault === "malformed-escape") return text("invalid URL escape in the path", 400);
  if (fault === "too-long") return text("the path is too long", 414);
  return refuseMethod(request);
}

/** The reason for an ERR_DIRECT_INVOKE; rethrows what is no failure of invocation. */
function causeOf(error: unknown): string {
  if (error instanceof BodyTooLargeError) return "stream too large";
  if (error instanceof PolicyError) return error.message;
  if (error instanceof UnavailableError || error instanceof AppUnreachableError) return error.message;
  if (error instanceof Error && error.name === "AbortError") return "the caller went away";
  throw error;
}

/** `forwarded`, with the id by which `serve()` recognises a request that comes again. */
function withRequestId(headers: string[], requestId: string | undefined): string[] {
  if (requestId !== undefined) headers.push("daprlet-request-id", requestId);
  return headers;
}

/**
 * Service invocation in all its forms; also any path that is no endpoint: addressed by `dapr-app-id` or Basic
 * credentials, else Dapr's 404. The app's answer passes through for every status.
 */
export async function invokeApp(call: Call): Promise<RuntimeResponse> {
  const target = addressed(call);
  if (target === undefined) return unaddressed();
  // Of a path in the invocation's own form the router has judged the method alone. Addressed by a header, the rest
  // belongs to the method as well.
  if (call.params.length > 0 && target.method === call.path) {
    if (typeof call.sidecar.core.normalise(call.request.path) === "string") return refuseMethod(call.request);
  }
  try {
    const { status, headers, body } = await send(call, target);
    const passed = answerHeaders(headers);
    return {
      status,
      headers: asksForEvents(call.request.headers) ? eventStreamHeaders(passed) : passed,
      body,
    };
  } catch (error) {
    if (error instanceof ApiError) throw error;
    return apiError("ERR_DIRECT_INVOKE", { id: target.id, cause: causeOf(error) });
  }
}

async function send(call: Call, { id, method }: Target): Promise<RuntimeResponse> {
  const { sidecar, request } = call;
  const to = destination(id, sidecar.namespace);
  let endpoint = to.kind === "app" ? sidecar.httpEndpoints.get(to.appId) : undefined;
  if (endpoint === undefined && to.kind === "app" && sidecar.components.nameresolution.size > 0) {
    endpoint = await resolved(sidecar, to.appId, to.namespace);
  }
  if (to.kind === "invalid") throw new UnavailableError(`invalid app id ${id}`, { sent: false });
  const headers = forwardedHeaders(request.headers);
  const outgoing = goingOn(request, {
    path: encodeMethod(method),
    // Sidecars' own: elsewhere it means nothing, and would cost a page the question whether it may send it.
    headers: to.kind === "app" && endpoint === undefined ? withRequestId(headers, call.requestId) : headers,
    body: limitedBody(request.body, sidecar.maxBodySize),
  });
  const policies = sidecar.resiliency.app(to.kind === "app" ? to.appId : to.base);
  if (policies === undefined)
    return deliver(sidecar, to, endpoint, outgoing, sidecar.resiliency.serviceRetries);
  const waits = policies.named ? undefined : sidecar.resiliency.serviceRetries;
  const streamed = header(request.headers, "transfer-encoding") !== undefined;
  // An HTTPEndpoint is one server, whatever is asked of it.
  const policy = policies.endpoint(endpoint === undefined ? method : "");
  const lasting = { ...outgoing, signal: outgoing.signal ?? sidecar.ending };
  return await underPolicy(policy, lasting, streamed, (attempt) =>
    deliver(sidecar, to, endpoint, attempt, waits),
  );
}

async function deliver(
  sidecar: Sidecar,
  to: Exclude<Destination, { kind: "invalid" }>,
  endpoint: HttpEndpoint | undefined,
  outgoing: RuntimeRequest,
  waits: Waits | undefined,
): Promise<RuntimeResponse> {
  if (to.kind === "app" && endpoint === undefined) {
    const own = to.appId === sidecar.appId && to.namespace === sidecar.namespace;
    if (!own) {
      const { mesh, meters } = sidecar;
      const call = () => mesh.invoke(to.appId, to.namespace, outgoing, waits);
      return meters === undefined ? call() : meters.invoked(to.appId, call);
    }
    const headers = withoutHeader(outgoing.headers, "host");
    return invokeOwn(sidecar, goingOn(outgoing, { headers }));
  }
  const base = endpoint?.baseUrl ?? (to.kind === "external" ? to.base.replace(/\/+$/, "") : "");
  try {
    return await invokeExternal(sidecar.platform, base, untracedInPage(sidecar, outgoing), endpoint);
  } catch (error) {
    if (error instanceof BodyTooLargeError) throw error;
    const cause = reasonOf(error);
    throw new UnavailableError(`${outgoing.method} ${base}: ${cause}`, { cause: error, sent: true });
  }
}

/**
 * A browser asks another origin first whether it may send such a header (CORS), and few say yes: that calls are traced must
 * not break those that leave the page.
 */
function untracedInPage({ platform, tracer }: Sidecar, request: RuntimeRequest): RuntimeRequest {
  if (platform.origin === undefined || tracer.tracing === undefined) return request;
  const headers = withoutHeader(withoutHeader(request.headers, "traceparent"), "tracestate");
  return withChanges(request, { headers });
}

function invokeOwn(sidecar: Sidecar, request: RuntimeRequest): Promise<RuntimeResponse> {
  if (sidecar.app !== undefined) return sidecar.app.invoke(request);
  throw new AppUnreachableError("cannot invoke local endpoint: app channel not initialized");
}

const unknownCallers =
  "who calls through the relay is nobody to access control, whose default action decides: bind its tokens to app ids (grants)";

/** The answer to a call that access control refuses, on the normal form of its path; undefined: it may pass. */
function refuseCaller(
  access: AccessTable,
  id: string,
  verb: string,
  path: string,
  { appId, namespace, trustDomain = defaultTrustDomain, claimed }: Peer,
): RuntimeResponse | undefined {
  if (access.allows(claimed ? undefined : { appId, namespace, trustDomain }, verb, path)) return undefined;
  const who = claimed ? "" : `spiffe://${trustDomain}/ns/${namespace}/${appId}`;
  const cause = `rpc error: code = PermissionDenied desc = access control policy has denied access to id: ${who} operation: ${path} verb: ${verb}`;
  return apiError("ERR_DIRECT_INVOKE", { id, cause }, { status: 403 });
}

/**
 * A call that another instance forwarded to this one's app. The path is brought to its normal form here again, and
 * who calls is told by the transport alone. Throws AppUnreachableError.
 */
export function receiveInvocation(
  sidecar: Sidecar,
  request: RuntimeRequest,
  caller: Peer,
): Promise<RuntimeResponse> {
  const { meters } = sidecar;
  if (meters === undefined) return receive(sidecar, request, caller);
  return meters.received(caller.appId, () => receive(sidecar, request, caller));
}

function receive(sidecar: Sidecar, request: RuntimeRequest, caller: Peer): Promise<RuntimeResponse> {
  const { tracing } = sidecar.tracer;
  if (tracing === undefined) return received(sidecar, request, caller);
  const traced = (passed: RuntimeRequest) => received(sidecar, passed, caller);
  return tracedInvocation(tracing, sidecar, request, caller, traced);
}

async function received(sidecar: Sidecar, request: RuntimeRequest, caller: Peer): Promise<RuntimeResponse> {
  const normal = sidecar.core.normalise(request.path);
  if (typeof normal === "string") {
    const cause = `invalid method: ${normal.replaceAll("-", " ")} in the path`;
    return apiError("ERR_DIRECT_INVOKE", { id: sidecar.appId, cause });
  }
  const { access } = sidecar.guards;
  if (access !== undefined) {
    if (caller.claimed) sidecar.once(unknownCallers);
    const refused = refuseCaller(access, sidecar.appId, request.method, normal.path, caller);
    if (refused !== undefined) {
      // What is not read would hold up the connection that it came by.
      if (request.body instanceof ReadableStream) await request.body.cancel();
      return refused;
    }
  }
  const path = encodeMethod(normal.path);
  const headers = receivedHeaders(request.headers, caller, sidecar);
  const answer = await invokeOwn(sidecar, goingOn(request, { path, headers }));
  return { status: answer.status, headers: answerHeaders(answer.headers), body: answer.body };
}
