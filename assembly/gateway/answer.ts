import { route } from "../http/route";
import { call, verb } from "./call";
import { ERR_DIRECT_INVOKE } from "./errors.gen";
import { CHUNK, INBOX } from "../memory";
import { fail, say, reply } from "./reply";
import { HEALTHZ_GET, HEALTHZ_OUTBOUND } from "./operations.gen";

/** The way of a request through the gateway. */
export function answer(): void {
  const request = call();
  if (request.pathLength > CHUNK) return say(request, 414, "the path is too long");
  memory.copy(INBOX, request.path, request.pathLength);
  const operation = route(verb(request.method), request.pathLength);
  if (operation == HEALTHZ_GET || operation == HEALTHZ_OUTBOUND) return reply(request, 204, "", 0, 0);
  fail(request, ERR_DIRECT_INVOKE, 404);
}
