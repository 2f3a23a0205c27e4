import { ActorAnswerError, NoActorStoreError, StackDepthError } from "../../actors/actor-error.ts";
import { NotOwnedError } from "../../actors/hosted-actors.ts";
import type { LocalActors } from "../../actors/local-actors.ts";
import { NoAddressError } from "../../actors/owner-search.ts";
import { PlacementBusyError } from "../../actors/placement/owners.ts";
import { AppUnreachableError } from "../../channel/app-channel.ts";
import { apiError } from "../../errors/api-error.ts";
import type { ErrorCode } from "../../errors/catalogue.ts";
import {
  abortableOf,
  type Headers,
  header,
  type RuntimeRequest,
  type RuntimeResponse,
  withoutHeader,
} from "../../http.ts";
import { type Peer, UnavailableError } from "../../mesh/transport.ts";
import { PolicyError } from "../../resiliency/policy-error.ts";
import type { Call } from "../endpoint.ts";
import { answerHeaders, forwardedHeaders } from "../invoke/headers.ts";

/** As in Dapr, what an actor answers is JSON where it does not say otherwise. */
const json = ["content-type", "application/json"];
const chainHeader = "dapr-reentrancy-id";
/** By which SDKs tell that an answer is an actor's own error, which passes as it is. */
const ownErrorHeader = "x-daprerrorresponseheader";
/** Of an app's answer, the most that a message repeats. */
const quoted = 1_024;

/** A caller's headers as an actor's app sees them: without those of the hop, and with the true word of who calls. */
export function calledBy(headers: Headers, { appId, namespace }: Pick<Peer, "appId" | "namespace">): Headers {
  const words = ["dapr-caller-app-id", appId, "dapr-caller-namespace", namespace];
  return [...withoutHeader(forwardedHeaders(headers), "host"), ...words];
}

/** Calls one method of an actor that is owned here, with headers as {@link calledBy} has them. */
export async function callMethod(
  actors: LocalActors,
  [type = "", id = "", method = ""]: Call["params"],
  request: RuntimeRequest & { readonly body: Uint8Array | undefined },
): Promise<RuntimeResponse> {
  const { query, headers, body } = request;
  const answer = await actors.host.invoke({
    type,
    id,
    method: encodeURIComponent(method),
    query,
    headers,
    body,
    chain: header(headers, chainHeader),
    caller: abortableOf(request),
  });
  if (header(answer.headers, ownErrorHeader) === undefined && answer.status !== 200) {
    const missing = answer.status === 404;
    throw new ActorAnswerError(missing ? `actor method not found: ${method}` : sentence(answer), missing);
  }
  const answered = answerHeaders(answer.headers);
  const typed = header(answered, "content-type") !== undefined;
  const { status, body: content } = answer;
  return { status, headers: typed ? answered : [...answered, ...json], body: content };
}

function sentence({ status, body }: RuntimeResponse): string {
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body.subarray(0, quoted)) : "";
  return `error from actor service: (${status}) ${text}`;
}

/** The answer to an invocation that failed; rethrows what is no failure of one. */
export function methodFailure(error: unknown, code: ErrorCode = "ERR_ACTOR_INVOKE_METHOD"): RuntimeResponse {
  if (error instanceof NoActorStoreError) return apiError("ERR_ACTOR_RUNTIME_NOT_FOUND");
  if (error instanceof StackDepthError) return apiError("ERR_ACTOR_STACK_DEPTH");
  const known =
    error instanceof ActorAnswerError ||
    error instanceof NoAddressError ||
    error instanceof NotOwnedError ||
    error instanceof PlacementBusyError ||
    error instanceof PolicyError ||
    error instanceof UnavailableError ||
    error instanceof AppUnreachableError;
  if (known) return apiError(code, { cause: error.message });
  if (error instanceof Error && error.name === "AbortError") {
    return apiError(code, { cause: "the caller went away" });
  }
  throw error;
}
