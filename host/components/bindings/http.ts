import { ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { BodyTooLargeError, readBody } from "../../http.ts";
import type { Clock, Platform } from "../../platform.ts";
import { duration, flag, text } from "../metadata-schema.ts";
import { type BindingRequest, type BindingResponse, defineBinding, type OutputBinding } from "./binding.ts";
import { BindingFailure } from "./binding-failure.ts";
import {
  fetchExchange,
  type HttpExchange,
  type HttpRequest,
  type HttpResponse,
} from "./http/http-exchange.ts";
import { requestHeaders } from "./http/request-headers.ts";
import { addressed, baseUrl } from "./http/target-url.ts";

const methods: ReadonlyMap<string, string> = new Map([
  ["create", "POST"],
  ["get", "GET"],
  ["head", "HEAD"],
  ["post", "POST"],
  ["put", "PUT"],
  ["patch", "PATCH"],
  ["delete", "DELETE"],
  ["options", "OPTIONS"],
  ["trace", "TRACE"],
]);
const withBody: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);
/** Larger answers are refused. Bytes. */
const largestAnswer = 100 << 20;

const certificates = ["MTLSRootCA", "MTLSClientCert", "MTLSClientKey", "MTLSRenegotiation"] as const;
const certificate = text("A client certificate: not supported, and refused where it is set.");

/** The answer's headers, status and reason, as daprd names them. */
function metadataOf({ status, reason, headers }: HttpResponse): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = [headers[i] as string, headers[i + 1] as string];
    const before = metadata.get(name);
    metadata.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return metadata.set("statusCode", String(status)).set("status", `${status} ${reason}`.trim());
}

/** A signal that aborts with the caller's, or after `ms`; `end` lets go of both. */
function limited(clock: Clock, ms: number, signal: AbortSignal | undefined) {
  const abort = new AbortController();
  const follow = () => abort.abort(signal?.reason);
  if (signal?.aborted) follow();
  signal?.addEventListener("abort", follow, { once: true });
  const late = () => new ComponentError("DEADLINE_EXCEEDED", `no answer within responseTimeout (${ms} ms)`);
  const cancel = clock.after(ms, () => abort.abort(late()));
  return {
    signal: abort.signal,
    end() {
      cancel();
      signal?.removeEventListener("abort", follow);
    },
  };
}

/** `open` makes what sends the requests of one component. */
export const httpBinding = (open: (platform: Platform) => HttpExchange = fetchExchange) =>
  defineBinding({
    type: "bindings.http",
    version: "v1",
    summary: "Requests to one HTTP address.",
    metadata: {
      url: text.required("Where requests go; `path` of a request is put after it."),
      responseTimeout: duration("How long an answer may take; no limit when left out."),
      errorIfNot2XX: flag("Whether an answer that is no 2xx is an error.", true),
      securityToken: text("Sent in the header that securityTokenHeader names."),
      securityTokenHeader: text("The header of securityToken."),
      MTLSRootCA: certificate,
      MTLSClientCert: certificate,
      MTLSClientKey: certificate,
      MTLSRenegotiation: certificate,
    },
    features: ["OUTPUT_BINDING"],
    async open(options, context) {
      const set = certificates.find((name) => options[name]);
      if (set !== undefined) {
        throw new ComponentError(
          "UNIMPLEMENTED",
          `component ${context.name}: metadata field ${set}: client certificates are not supported; put a proxy that has one in front`,
        );
      }
      const { securityToken: token, securityTokenHeader: tokenHeader } = options;
      const url = baseUrl(options.url, context.name);
      const { origin } = context.platform;
      return new HttpTarget(open(context.platform), context.platform.clock, {
        url,
        // A browser asks another origin first whether it may send such a header (CORS), and few say yes.
        mayTrace: origin === undefined || new URL(url).origin === origin,
        responseTimeout: options.responseTimeout,
        errorIfNot2XX: options.errorIfNot2XX,
        token: token && tokenHeader ? { header: tokenHeader, value: token } : undefined,
      });
    },
  });

interface HttpTargetOptions {
  readonly url: string;
  readonly mayTrace: boolean;
  readonly responseTimeout: number | undefined;
  readonly errorIfNot2XX: boolean;
  readonly token: { readonly header: string; readonly value: string } | undefined;
}

class HttpTarget implements OutputBinding {
  readonly operations = [...methods.keys()];
  readonly #exchange: HttpExchange;
  readonly #clock: Clock;
  readonly #options: HttpTargetOptions;

  constructor(exchange: HttpExchange, clock: Clock, options: HttpTargetOptions) {
    this.#exchange = exchange;
    this.#clock = clock;
    this.#options = options;
  }

  async invoke({ operation, data, metadata, signal }: BindingRequest): Promise<BindingResponse> {
    const { url, mayTrace, responseTimeout, token } = this.#options;
    const method = methods.get(operation) as string;
    const body = withBody.has(method) ? data : undefined;
    const headers = requestHeaders(metadata, body !== undefined, token, mayTrace);
    const secret = token?.header.toLowerCase();
    const request = { method, url: addressed(url, metadata.get("path")), headers, body, secret };
    const limit = responseTimeout === undefined ? undefined : limited(this.#clock, responseTimeout, signal);
    try {
      const response = await this.#exchange.send({ ...request, signal: limit?.signal ?? signal });
      const answered = await readBody(response.body, largestAnswer);
      const told = metadataOf(response);
      if (!this.#failsOn(response.status, metadata)) return { data: answered, metadata: told };
      throw new BindingFailure("UNKNOWN", `received status code ${response.status}`, told);
    } catch (error) {
      if (error instanceof ComponentError) throw error;
      if (limit?.signal.aborted || signal?.aborted) throw ComponentError.from(error);
      if (error instanceof BodyTooLargeError) {
        throw new ComponentError("RESOURCE_EXHAUSTED", `the answer is larger than ${largestAnswer} bytes`);
      }
      throw unreachable(error, request);
    } finally {
      limit?.end();
    }
  }

  async close(): Promise<void> {
    await this.#exchange.close();
  }

  #failsOn(status: number, metadata: ReadonlyMap<string, string>): boolean {
    if (status >= 200 && status < 300) return false;
    const asked = metadata.get("errorIfNot2XX");
    return asked === undefined ? this.#options.errorIfNot2XX : /^(y|yes|true|t|on|1)$/i.test(asked);
  }
}

/** Fetch says why in the cause of its cause. The address is told without its query, which may hold a secret. */
function unreachable(error: unknown, { method, url }: Pick<HttpRequest, "method" | "url">): ComponentError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { origin, pathname } = new URL(url);
  return new ComponentError("UNAVAILABLE", `${method} ${origin}${pathname}: ${reasonOf(cause)}`, {
    cause: error,
  });
}
