import { FORBIDDEN_CHARACTER, MALFORMED_ESCAPE, route } from "../http/route";
import { INVOKE } from "../http/routes.gen";
import { CHUNK, INBOX } from "../memory";
import { Call, call, verb } from "./call";
import { ERR_API_UNIMPLEMENTED, ERR_DIRECT_INVOKE } from "./errors.gen";
import { invoke } from "./invoke";
import { HEALTHZ_GET, HEALTHZ_OUTBOUND } from "./operations.gen";
import { fail, literalParameter, reply, say } from "./reply";
import { configured } from "./table";
import { addressed } from "./target";

/** The way of a request through the gateway. */
export function answer(): void {
  const request = call();
  if (!configured()) return say(request, 503, "this file has no configuration: build it with `daprlet gateway build`");
  if (request.pathLength > CHUNK) return say(request, 414, "the path is too long");
  memory.copy(INBOX, request.path, request.pathLength);
  const operation = route(verb(request.method), request.pathLength);
  if (operation == MALFORMED_ESCAPE) return say(request, 400, "invalid URL escape in the path");
  if (operation == FORBIDDEN_CHARACTER) return say(request, 400, "invalid character in the path");
  if (operation == HEALTHZ_GET || operation == HEALTHZ_OUTBOUND) return reply(request, 204, "", 0, 0);
  if (operation >= 0 && operation != INVOKE) {
    literalParameter(0, "");
    return fail(request, ERR_API_UNIMPLEMENTED);
  }
  invokeAddressed(request, operation == INVOKE);
}

function invokeAddressed(request: Call, invocation: bool): void {
  const target = addressed(request, invocation);
  if (target != null) return invoke(request, target);
  literalParameter(0, "");
  literalParameter(1, "");
  fail(request, ERR_DIRECT_INVOKE, 404);
}
