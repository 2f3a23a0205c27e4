import { FORBIDDEN_CHARACTER, MALFORMED_ESCAPE, NO_ROUTE, route } from "../http/route";
import { INVOKE } from "../http/routes.gen";
import { CHUNK, INBOX } from "../memory";
import { callActor, isActors } from "./actors/call-actor";
import { Call, call, verb } from "./call";
import { passesMiddleware } from "./capability/middleware";
import { routeAgain } from "./capability/middleware-paths";
import { isCapability, serveCapability } from "./capability/serve-capabilities";
import { ERR_DIRECT_INVOKE, ERR_GATEWAY_UNSERVED, ERR_HEALTH_APPID_NOT_MATCH, UNADDRESSED } from "./errors.gen";
import { mayCall } from "./door/access";
import { invokes, isBlocked } from "./door/api";
import { isTold, needsToken } from "./door/caller";
import { arrives } from "./door/door";
import { hasTurn } from "./door/rate";
import { areTooMany } from "./guard";
import { invoke } from "./invoke";
import { showMetrics, showsMetrics } from "./show-metrics";
import { describeGateway } from "./metadata";
import { HEALTHZ_GET, HEALTHZ_OUTBOUND, METADATA_GET, PUBLISH_UNNAMED } from "./operations.gen";
import { isPublishing, publish } from "./publish/publish";
import { queryValue } from "./query";
import { fail, literalParameter, parameter, reply, say } from "./reply";
import { isSecrets, serveSecrets } from "./secret-stores";
import { isState, serveState } from "./state/serve-state";
import { configured, head } from "./table";
import { addressed, isJudged, nameInHeader, namesApp, writtenTarget } from "./target";
import { is, same } from "./text";
import { HAS_ACTORS, HAS_EVENTS, HAS_FOLDER, HAS_PACKAGES, HAS_SCRIPT } from "./variant";
import { GET } from "./wasi/incoming";

/** The way of a request through the gateway: what is too much, the door, the route, the token, and whoever answers. */
export function answer(): void {
  const request = call();
  if (!configured()) return say(request, 503, "this file has no configuration: build it with `daprlet gateway build`");
  if (areTooMany(request)) return say(request, 431, "the header is too large");
  if (!arrives(request)) return;
  if (request.pathLength > CHUNK) return say(request, 414, "the path is too long");
  memory.copy(INBOX, request.path, request.pathLength);
  let operation = route(verb(request.method), request.pathLength);
  if (operation == HEALTHZ_GET || operation == HEALTHZ_OUTBOUND) return serveRouted(request, operation);
  if (needsToken() && !isTold()) return say(request, 401, "invalid api token");
  operation = permitted(request, operation);
  if (isShut(request, operation) || !hasTurn(request)) return;
  if (HAS_PACKAGES && head().middlewaresCount) {
    if (!passesMiddleware(request)) return;
    // It may go elsewhere by now.
    operation = permitted(request, routeAgain(request));
    if (isShut(request, operation)) return;
  }
  serveRouted(request, operation);
}

/** What of the last route may be called. */
function permitted(request: Call, operation: i32): i32 {
  if (operation >= 0 && isBlocked(operation)) return NO_ROUTE;
  // As a sidecar: the book's form of publishing is one where there is a pub/sub, and nobody is called.
  if (operation == PUBLISH_UNNAMED && (head().pubsubsCount == 0 || namesApp(request))) return NO_ROUTE;
  return operation;
}

/** True where nothing is invoked here; then the caller was told. */
function isShut(request: Call, operation: i32): bool {
  if ((operation >= 0 && operation != INVOKE) || invokes()) return false;
  say(request, 404, "404 page not found\n");
  return true;
}

function serveRouted(request: Call, operation: i32): void {
  switch (operation) {
    case MALFORMED_ESCAPE:
      return say(request, 400, "invalid URL escape in the path");
    case FORBIDDEN_CHARACTER:
      return refusePath(request);
    case INVOKE:
    case NO_ROUTE:
      if (isMetrics(request, operation)) return showMetrics(request);
      return invokeAddressed(request, operation == INVOKE);
    case HEALTHZ_GET:
      return health(request);
    case HEALTHZ_OUTBOUND:
      return reply(request, 204, "", 0, 0);
    case METADATA_GET:
      return describeGateway(request);
    default:
      return serve(request, operation);
  }
}

/** Whoever names an app means that app's. */
function isMetrics(request: Call, operation: i32): bool {
  if (operation != NO_ROUTE || request.method != GET || !showsMetrics()) return false;
  return is(request.path, request.pathLength, "/metrics") && addressed(request, false) == null;
}

/** The way of a script's call, for which no door is shut. */
export function answerInside(): void {
  const request = call();
  if (request.pathLength > CHUNK) return say(request, 414, "the path is too long");
  memory.copy(INBOX, request.path, request.pathLength);
  serveRouted(request, route(verb(request.method), request.pathLength));
}

/** The blocks of the API that a gateway has a part in. */
function serve(request: Call, operation: i32): void {
  if (HAS_EVENTS && isPublishing(operation)) return publish(request, operation);
  if (HAS_FOLDER && isState(operation)) return serveState(request, operation);
  if (HAS_SCRIPT && isSecrets(operation)) return serveSecrets(request, operation);
  if (HAS_ACTORS && isActors(operation)) return callActor(request, operation);
  if (HAS_PACKAGES && isCapability(operation)) return serveCapability(request, operation);
  fail(request, ERR_GATEWAY_UNSERVED);
}

function health(request: Call): void {
  const table = head();
  const asked = queryValue(request, "appid");
  if (asked == null || asked.length == 0 || same(asked.start, asked.length, table.appId, table.appIdLength)) {
    return reply(request, 204, "", 0, 0);
  }
  fail(request, ERR_HEALTH_APPID_NOT_MATCH);
}

function invokeAddressed(request: Call, invocation: bool): void {
  const target = addressed(request, invocation);
  if (target == null) return fail(request, UNADDRESSED);
  // By a header: the path is all method then.
  if (invocation && nameInHeader(request, target) && !isJudged(request)) return refusePath(request);
  if (mayCall(request, target)) invoke(request, target);
}

/** The answer to a method's path that no authorisation could judge for sure. */
function refusePath(request: Call): void {
  const target = writtenTarget(request);
  if (target == null) return fail(request, UNADDRESSED);
  parameter(0, target.id, target.idLength);
  literalParameter(1, "invalid method: a control character, # or ? in the path");
  fail(request, ERR_DIRECT_INVOKE);
}
