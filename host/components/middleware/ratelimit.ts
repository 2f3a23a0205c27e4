import { type Body, header, type RuntimeRequest, type RuntimeResponse, withChanges } from "../../http.ts";
import type { ComponentContext } from "../component.ts";
import { type Decoded, field, flag } from "../metadata-schema.ts";
import { clientAddress } from "./client-address.ts";
import { defineMiddleware, type HttpMiddleware, type Next } from "./middleware.ts";
import { plainAnswer } from "./plain-answer.ts";
import { TokenBuckets } from "./token-buckets.ts";

const positive = field((value) => {
  const number = Number(value);
  if (value.trim() === "" || !Number.isFinite(number) || number <= 0) {
    throw new Error("expected a number greater than 0");
  }
  return number;
});

const metadata = {
  maxRequestsPerSecond: positive("Of one client and path; 100 where no limit is given."),
  maxBytesPerSecond: positive("Of bodies. One passes while any are left, and is charged with its size."),
  onlyWithoutAuthorization: flag("Leaves requests alone that carry Authorization.", false),
  trustForwardedFor: flag(
    "Tells callers apart by X-Forwarded-For and X-Real-IP, which anybody can send.",
    true,
  ),
  perPath: flag("Counts each path of a client by itself.", true),
};

/** One limit: what is counted, how much of it a second, and what a request must find in its bucket. */
interface Limit {
  readonly perSecond: number;
  readonly least: number;
  readonly buckets: TokenBuckets;
}

function limit(perSecond: number, capacity: number, least: number): Limit {
  return { perSecond, least, buckets: new TokenBuckets(perSecond, capacity) };
}

/** The size of a body where it is known before it is read. */
function sizeOf({ body, headers }: RuntimeRequest): number | undefined {
  if (body === undefined) return 0;
  if (body instanceof Uint8Array) return body.byteLength;
  const announced = header(headers, "content-length");
  return announced === undefined ? undefined : Number(announced) || 0;
}

function counted(body: Body, count: (bytes: number) => void): Body {
  if (!(body instanceof ReadableStream)) return body;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        count(chunk.byteLength);
        controller.enqueue(chunk);
      },
    }),
  );
}

class RateLimit implements HttpMiddleware {
  readonly #requests: Limit | undefined;
  readonly #bytes: Limit | undefined;
  readonly #options: Decoded<typeof metadata>;
  readonly #clock: ComponentContext["platform"]["clock"];
  readonly #core: ComponentContext["core"];

  constructor(options: Decoded<typeof metadata>, { platform, core }: ComponentContext) {
    const { maxRequestsPerSecond, maxBytesPerSecond } = options;
    const requests = maxRequestsPerSecond ?? (maxBytesPerSecond === undefined ? 100 : undefined);
    if (requests !== undefined) this.#requests = limit(requests, Math.max(1, Math.floor(requests)), 1);
    if (maxBytesPerSecond !== undefined) {
      this.#bytes = limit(maxBytesPerSecond, maxBytesPerSecond, Number.MIN_VALUE);
    }
    this.#options = options;
    this.#clock = platform.clock;
    this.#core = core;
  }

  async handle(request: RuntimeRequest, next: Next): Promise<RuntimeResponse> {
    const { onlyWithoutAuthorization } = this.#options;
    if (onlyWithoutAuthorization && header(request.headers, "authorization") !== undefined) {
      return await next(request);
    }
    const key = this.#key(request);
    const now = this.#clock.now();
    for (const one of [this.#requests, this.#bytes]) {
      if (one === undefined) continue;
      const left = one.buckets.available(key, now);
      if (left >= one.least) continue;
      return plainAnswer(429, "You have reached maximum request limit.", this.#headers(request, one, left));
    }
    let told: readonly string[] = [];
    if (this.#requests !== undefined) {
      told = this.#headers(request, this.#requests, this.#requests.buckets.take(key, 1, now));
    }
    if (this.#bytes !== undefined) {
      const { buckets } = this.#bytes;
      const size = sizeOf(request);
      const left = buckets.take(key, size ?? 0, now);
      if (told.length === 0) told = this.#headers(request, this.#bytes, left);
      if (size === undefined) {
        const count = (bytes: number) => buckets.take(key, bytes, this.#clock.now());
        request = withChanges(request, { body: counted(request.body, count) });
      }
    }
    const answer = await next(request);
    return { ...answer, headers: [...told, ...answer.headers] };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** By the normal form of the path, so that no other spelling of it has a bucket of its own. */
  #key(request: RuntimeRequest): string {
    const client = this.#short(clientAddress(request, this.#options.trustForwardedFor));
    if (!this.#options.perPath) return client;
    const normal = this.#core.normalise(request.path);
    return `${client} ${typeof normal === "string" ? "" : this.#short(normal.path)}`;
  }

  /** What a caller sends must not be what memory is spent on. */
  #short(text: string): string {
    return text.length <= 64 ? text : String(this.#core.xxhash64(new TextEncoder().encode(text)));
  }

  #headers(request: RuntimeRequest, { perSecond, least }: Limit, left: number): readonly string[] {
    const forwarded = header(request.headers, "x-forwarded-for");
    const missing = Math.max(0, least - left);
    return [
      ...["x-rate-limit-limit", perSecond.toFixed(2), "x-rate-limit-duration", "1"],
      ...["x-rate-limit-request-remote-addr", request.remoteAddress ?? ""],
      ...(forwarded === undefined ? [] : ["x-rate-limit-request-forwarded-for", forwarded]),
      ...["ratelimit-limit", String(Math.round(perSecond))],
      ...["ratelimit-remaining", String(Math.max(0, Math.floor(left)))],
      ...["ratelimit-reset", String(Math.max(1, Math.ceil(missing / perSecond)))],
    ];
  }
}

/** A token bucket for each client and path. */
export const rateLimitMiddleware = defineMiddleware({
  type: "middleware.http.ratelimit",
  version: "v1",
  summary: "At most so many requests, or bytes, of one client in a second.",
  metadata,
  features: [],
  open: (options, context) => Promise.resolve(new RateLimit(options, context)),
});
