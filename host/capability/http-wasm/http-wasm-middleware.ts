import type { HttpMiddleware, Next } from "../../components/middleware/middleware.ts";
import { answerToError } from "../../errors/answer-to-error.ts";
import { ApiError, apiError } from "../../errors/api-error.ts";
import { ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import {
  type Body,
  BodyTooLargeError,
  header,
  type RuntimeRequest,
  type RuntimeResponse,
  readBody,
  withChanges,
  withoutHeader,
} from "../../http.ts";
import { joinBytes } from "../../join-bytes.ts";
import type { Log } from "../../platform.ts";
import { componentFault } from "../components/component-fault.ts";
import { confined, marked } from "../guest-answer.ts";
import type { GivenResponse } from "./exchange.ts";
import type { ChangedResponse, GuestResponse, PassedRequest } from "./exchange-message.ts";
import { handlerName } from "./http-wasm-abi.ts";
import type { HttpWasmCalls, Taken } from "./http-wasm-calls.ts";
import { changedHeaders, guestFields, headersOf } from "./message-headers.ts";

/** The guest, as it is loaded at present. */
export interface HttpWasmGuests {
  readonly calls: HttpWasmCalls;
  /** By `module.name`. */
  readonly imports: readonly string[];
}

export interface HttpWasmMiddlewareOptions {
  readonly name: string;
  readonly type: string;
  readonly guests: () => HttpWasmGuests;
  /** Named by a user himself, and not a package's: it may set headers that speak to the sidecar, and answer what it likes. */
  readonly trusted: boolean;
  /** Bytes of a body that it sees. */
  readonly maxBodySize: number;
  readonly log: Log;
  close(): void;
}

const nothing = new Uint8Array(0);

/** A middleware that is a guest of http-wasm: `handle_request` before the rest of the pipeline, `handle_response` after it. */
export class HttpWasmMiddleware implements HttpMiddleware {
  readonly #options: HttpWasmMiddlewareOptions;
  #closed = false;

  constructor(options: HttpWasmMiddlewareOptions) {
    this.#options = options;
  }

  async handle(request: RuntimeRequest, next: Next): Promise<RuntimeResponse> {
    const { imports } = this.#options.guests();
    // Who cannot read bodies does not wait for them.
    const reads = imports.includes(handlerName("read_body"));
    if (reads && request.body !== undefined) {
      try {
        request = withChanges(request, { body: await readBody(request.body, this.#options.maxBodySize) });
      } catch (error) {
        if (!(error instanceof BodyTooLargeError)) throw error;
        return apiError("ERR_BODY_READ", { cause: error.message }, { status: 413 });
      }
    }
    // The package may be another version since.
    const { calls } = this.#options.guests();
    const taken = await this.#taken(calls, request);
    const { handled } = taken;
    if (handled.kind === "response") return this.#own(handled);
    if (handled.kind === "full") throw this.#failure("too many requests that went on have no answer yet");
    const { id } = handled;
    if (id === undefined) return await this.#next(request, handled, next);
    const after = (given: GivenResponse | undefined) => calls.response(taken, id, given);
    let response: RuntimeResponse;
    try {
      response = await this.#next(request, handled, next);
      if (handled.buffersResponse && reads && response.body !== undefined)
        response = { ...response, body: await readBody(response.body, this.#options.maxBodySize) };
    } catch (error) {
      // It may clean up, whatever comes of that.
      await after(undefined).catch(this.#note);
      if (error instanceof BodyTooLargeError)
        throw this.#failure(`the response's body has more than ${error.limit} bytes`);
      throw error;
    }
    const { status, body } = response;
    const given = { status, fields: guestFields(response.headers) };
    if (!handled.buffersResponse) {
      // It can change nothing: nobody waits for it.
      void after({ ...given, body: nothing }).catch(this.#note);
      return response;
    }
    const seen = body instanceof Uint8Array ? body : nothing;
    return this.#changed(response, await after({ ...given, body: seen }).catch(this.#throw));
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#options.close();
    return Promise.resolve();
  }

  #taken(calls: HttpWasmCalls, request: RuntimeRequest): Promise<Taken> {
    const { method, path, query, headers, body, remoteAddress } = request;
    return calls
      .request({
        method,
        uri: query === "" ? path : `${path}?${query}`,
        source: sourceOf(remoteAddress),
        fields: guestFields(headers),
        body: body instanceof Uint8Array ? body : nothing,
      })
      .catch(this.#throw);
  }

  /** The rest of the pipeline, whose refusals are answers, with the headers that the guest set before. */
  async #next(request: RuntimeRequest, handled: PassedRequest, next: Next): Promise<RuntimeResponse> {
    let response: RuntimeResponse;
    try {
      response = await next(this.#passed(request, handled));
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof ComponentError)) throw error;
      response = answerToError(error, request, this.#options.log);
    }
    return this.#withEarly(response, handled);
  }

  /** With what the guest said before: what it wrote comes first, headers of the answer stand. */
  #withEarly(response: RuntimeResponse, { early, buffersResponse }: PassedRequest): RuntimeResponse {
    const { status, fields, body } = early;
    if (status === undefined && fields.length === 0 && body === undefined) return response;
    const set = headersOf(fields, this.#kept);
    const added = set.filter((_, i) => header(response.headers, set[i - (i % 2)] as string) === undefined);
    const headers = [...response.headers, ...added];
    // Where the response is not buffered, a status is on its way as soon as it is set.
    const answered = buffersResponse ? response.status : (status ?? response.status);
    return this.#confined({
      status: answered,
      headers: body === undefined ? headers : withoutHeader(headers, "content-length"),
      body: bodyOf(answered, body === undefined ? response.body : preceded(body, response.body)),
    });
  }

  #passed(request: RuntimeRequest, { method, uri, fields, body }: PassedRequest): RuntimeRequest {
    if (method === undefined && uri === undefined && fields === undefined && body === undefined)
      return request;
    const { headers } = request;
    const changed = fields === undefined ? headers : changedHeaders(headers, fields, this.#kept);
    const mark = uri?.indexOf("?") ?? -1;
    return withChanges(request, {
      ...(method !== undefined && { method }),
      ...(uri !== undefined && {
        path: mark === -1 ? uri : uri.slice(0, mark),
        query: mark === -1 ? "" : uri.slice(mark + 1),
      }),
      headers: body === undefined ? changed : withoutHeader(changed, "content-length"),
      ...(body !== undefined && { body }),
    });
  }

  /** The guest's answer. */
  #own({ status, fields, body }: GuestResponse): RuntimeResponse {
    const headers = headersOf(fields, this.#kept);
    const response = { status, headers, body: bodyOf(status, body) };
    return this.#options.trusted ? response : confined(response);
  }

  #changed(response: RuntimeResponse, { status, fields, body }: ChangedResponse): RuntimeResponse {
    if (status === undefined && fields === undefined && body === undefined) return response;
    const headers =
      fields === undefined ? response.headers : changedHeaders(response.headers, fields, this.#kept);
    const answered = status ?? response.status;
    return this.#confined({
      status: answered,
      headers: body === undefined ? headers : withoutHeader(headers, "content-length"),
      body: bodyOf(answered, body ?? response.body),
    });
  }

  #confined(response: RuntimeResponse): RuntimeResponse {
    return this.#options.trusted ? response : marked(response);
  }

  /** Headers that a package's guest cannot set: they speak to the sidecar. */
  readonly #kept = (name: string): boolean => !this.#options.trusted && name.startsWith("dapr");

  #failure(cause: string): ComponentError {
    const { name, type } = this.#options;
    return new ComponentError("RESOURCE_EXHAUSTED", `component ${name} (${type}): ${cause}`);
  }

  readonly #throw = (error: unknown): never => {
    const { name, type } = this.#options;
    throw componentFault(error, name, type, "its guest");
  };

  readonly #note = (error: unknown): void => {
    const { name, log } = this.#options;
    if (this.#closed) return;
    log.error(`component ${name}: its guest failed after the answer: ${reasonOf(error)}`);
  };
}

/** No host sends a body with these. */
const bodyless: ReadonlySet<number> = new Set([204, 205, 304]);

function bodyOf(status: number, body: Body): Body {
  return bodyless.has(status) || (body instanceof Uint8Array && body.length === 0) ? undefined : body;
}

function preceded(first: Uint8Array, body: Body): Body {
  if (!(body instanceof ReadableStream)) return joinBytes([first, body ?? nothing]);
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      start(controller) {
        controller.enqueue(first);
      },
    }),
  );
}

/** An address as guests know it, with a port; which one it was, nobody is told. */
function sourceOf(address: string | undefined): string {
  if (address === undefined) return "";
  return address.includes(":") ? `[${address}]:0` : `${address}:0`;
}
