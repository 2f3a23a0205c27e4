import { ApiError } from "../errors/api-error.ts";
import { ComponentError } from "../errors/component-error.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { type Headers, header, type RuntimeResponse, readBody } from "../http.ts";
import { withDeadline } from "../platform.ts";
import { confined, responseOf } from "./guest-answer.ts";
import { GuestFault } from "./guest-fault.ts";
import type { OpenedHttpOffer } from "./http-offer.ts";
import type { LoadedPackage, PackageHost } from "./loaded-package.ts";
import type { Source } from "./manifest.ts";
import type { Matched } from "./match-operation.ts";
import { type ReadRequest, readRequest } from "./read-request.ts";
import type { RemoteRequest } from "./remote-source.ts";

/** An operation that was found for a request. */
export interface Found {
  readonly package: LoadedPackage;
  readonly opened: OpenedHttpOffer;
  readonly matched: Matched;
}

export interface OfferRequest {
  readonly method: string;
  readonly query: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** `cached`: it was asked for before. */
type Answer = RuntimeResponse & { readonly cached?: true };

/** What became of a guest, as the API's error; anything else as it is. */
export function capabilityError(error: unknown, name: string): unknown {
  if (error instanceof GuestFault) {
    const { fault, message: cause } = error;
    if (fault === "deadline") return new ApiError("ERR_CAPABILITY_DEADLINE", { name, cause });
    return new ApiError("ERR_CAPABILITY_FAULT", { name, cause });
  }
  if (
    error instanceof ComponentError &&
    (error.code === "RESOURCE_EXHAUSTED" || error.code === "UNAVAILABLE")
  )
    return new ApiError("ERR_CAPABILITY_UNAVAILABLE", { name, cause: error.message });
  return error;
}

/** One request on its way through the sources of an offer. */
class Asking {
  readonly #found: Found;
  readonly #request: OfferRequest;
  readonly #path: string;
  readonly #read: ReadRequest;
  readonly #host: PackageHost;
  #checked = false;

  constructor(found: Found, request: OfferRequest, path: string, host: PackageHost) {
    this.#found = found;
    this.#request = request;
    this.#path = path;
    this.#host = host;
    this.#read = readRequest(found.opened.offer.name, found.matched, path, request);
  }

  /** A client's fault is thrown as an ApiError below 500: no other source would see it otherwise. */
  async by(source: Source): Promise<Answer> {
    const { package: one, opened } = this.#found;
    if (source.kind === "module") {
      const traceparent = header(this.#request.headers, "traceparent");
      return responseOf(await one.call(source.module, this.#read, { traceparent }));
    }
    // Somebody else's: nobody checks a request there by this description.
    if (!this.#checked) await one.check(this.#read);
    this.#checked = true;
    const { timeMs } = one.authority.limits;
    const within = "withinMs" in source ? (source.withinMs ?? timeMs) : timeMs;
    const container = opened.containers.get(source);
    const late = () => {
      if (container === undefined) return new Error(`it did not answer within ${within} ms`);
      const how =
        container.status.status === "starting"
          ? `is starting still after ${within} ms: nothing answers on its port yet`
          : `did not answer within ${within} ms`;
      return new GuestFault("deadline", `container ${container.image} ${how}`);
    };
    const asked = () =>
      withDeadline(this.#host.platform.clock, within, (signal) => this.#elsewhere(source, signal), late);
    return container === undefined ? await asked() : await one.counted(asked);
  }

  async #elsewhere(source: Source, signal: AbortSignal): Promise<Answer> {
    const { package: one, opened } = this.#found;
    const limit = one.authority.limits.answer;
    if (source.kind === "app") return await this.#invoked(source.app, limit, signal);
    const remote = opened.remotes.get(source);
    if (remote === undefined) throw new Error("it is not served here");
    const { response, cached } = await remote.answer(this.#asked, limit, signal);
    return { ...confined(response), ...(cached && { cached: true }) };
  }

  /** What a source that failed answered before, where it allowed that to be used then. */
  async before(source: Source): Promise<Answer | undefined> {
    const kept = await this.#found.opened.remotes.get(source)?.despite(this.#asked);
    return kept && { ...confined(kept), cached: true };
  }

  get #asked(): RemoteRequest {
    const { method, query, body } = this.#request;
    return { method, path: this.#target, query, headers: this.#headers, body };
  }

  /** The path below a base URL, each segment encoded here. */
  get #target(): string {
    const segments = this.#path.split("/");
    if (segments.some((segment) => /^\.{1,2}$/.test(segment)))
      throw new ApiError("ERR_CAPABILITY_REQUEST", { cause: "the path has dot segments" });
    return `/${segments.map(encodeURIComponent).join("/")}`;
  }

  /** What the description names, and what the body is; nothing of the caller's otherwise. */
  get #headers(): Readonly<Record<string, string>> {
    const { operation } = this.#found.matched;
    const named = operation.parameters.flatMap((one) => (one.in === "header" ? one.name : []));
    const headers: Record<string, string> = {};
    for (const name of ["accept", "content-type", ...named]) {
      const value = header(this.#request.headers, name);
      if (value !== undefined) headers[name] = value;
    }
    return headers;
  }

  async #invoked(app: string, limit: number, signal: AbortSignal): Promise<RuntimeResponse> {
    const { method, query, body, headers } = this.#request;
    const traceparent = header(headers, "traceparent");
    const passed = Object.entries(this.#headers).flat();
    const response = await this.#host.api({
      method,
      path: `/v1.0/invoke/${encodeURIComponent(app)}/method${this.#target}`,
      query,
      headers: traceparent === undefined ? passed : [...passed, "traceparent", traceparent],
      body: body.length === 0 ? undefined : body,
      signal,
    });
    if (response.errorCode !== undefined)
      throw new Error(`app ${app} cannot be invoked: ${response.errorCode}`);
    return confined({ ...response, body: await readBody(response.body, limit) });
  }
}

/** Where an answer came from, for who wants to know. */
function told(response: Answer, source: Source): RuntimeResponse {
  const { cached, ...rest } = response;
  const from = cached ? `${source.kind}; cached` : source.kind;
  return { ...rest, headers: [...rest.headers, "daprlet-capability-source", from] };
}

/**
 * Answers a request by the first source of its offer that does: one that cannot be reached, is late, or answers with an error of
 * its own is followed by the next, and passed over for a while.
 */
export async function answerOffer(
  found: Found,
  request: OfferRequest,
  path: string,
  host: PackageHost,
): Promise<RuntimeResponse> {
  const { package: one, opened } = found;
  const { name } = one.manifest;
  const asking = new Asking(found, request, path, host);
  const sources = opened.sources.inOrder;
  let failure: unknown;
  for (const [i, source] of sources.entries()) {
    const last = i === sources.length - 1;
    let response: Answer | undefined;
    let cause: string;
    try {
      response = await asking.by(source);
      if (response.status < 500 && response.status !== 429) return told(response, source);
      cause = `status ${response.status}`;
    } catch (error) {
      if (error instanceof ApiError && error.response.status < 500) throw error;
      cause = reasonOf(error);
      failure =
        source.kind === "module" || error instanceof ApiError || error instanceof GuestFault
          ? capabilityError(error, name)
          : new ApiError("ERR_CAPABILITY_UNAVAILABLE", { name, cause });
    }
    const before = await asking.before(source);
    if (last && before === undefined && response !== undefined) return told(response, source);
    opened.sources.failed(source);
    if (before !== undefined) return told(before, source);
    if (!last) one.measures.fellBack(cause);
  }
  // An error is not cheap to make: only where one is thrown.
  throw failure ?? new ApiError("ERR_CAPABILITY_UNAVAILABLE", { name, cause: opened.sources.refusals });
}
