import { ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { refuseCleartext } from "../../security/cleartext.ts";
import type { ComponentContext } from "../component.ts";
import { remoteError } from "./remote-error.ts";
import { positive, type RemoteOptions, remoteAddress } from "./remote-metadata.ts";

export interface RemoteCall {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** From `/v1.0` on, escaped. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** The caller's; the call ends with it. */
  readonly signal?: AbortSignal | undefined;
  /** Under which a daprlet remembers what became of the call; daprd takes no notice. */
  readonly requestId?: string | undefined;
}

export interface RemoteAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** True where the browser shows a page no more of the headers than the sidecar exposes. */
  readonly filtered: boolean;
}

/** The most calls under way. More mean that the sidecar does not keep up, or that its url leads back here. */
const MOST_CALLS = 512;

/** Another Dapr sidecar, called over its HTTP API. */
export class RemoteSidecar {
  readonly url: string;
  /** The component's name there, escaped for a path. */
  readonly component: string;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;
  readonly #context: ComponentContext;
  readonly #underWay = new Set<Promise<unknown>>();
  #closed = false;

  constructor(options: RemoteOptions, context: ComponentContext) {
    const { url, token, component, timeout = 30_000 } = options;
    this.url = remoteAddress(context.name, url);
    refuseCleartext(`the sidecar of component ${context.name}`, this.url, context.platform.allowCleartext);
    this.component = encodeURIComponent(component || context.name);
    this.#token = token;
    this.#timeoutMs = positive(context.name, "timeout", timeout);
    this.#context = context;
  }

  /**
   * The sidecar's answer of 2xx. Throws a ComponentError: RemoteError for any other answer, UNAVAILABLE where there was
   * none, DEADLINE_EXCEEDED after the component's timeout.
   */
  async call(call: RemoteCall): Promise<RemoteAnswer> {
    if (this.#closed) {
      throw new ComponentError("UNAVAILABLE", `component ${this.#context.name} is closed; open it again`);
    }
    if (this.#underWay.size >= MOST_CALLS) {
      throw new ComponentError(
        "RESOURCE_EXHAUSTED",
        `${MOST_CALLS} calls to the sidecar at ${this.url} are under way: it does not keep up, or its url leads back to this sidecar`,
      );
    }
    const answering = this.#call(call);
    this.#underWay.add(answering);
    try {
      return await answering;
    } finally {
      this.#underWay.delete(answering);
    }
  }

  /** Lets what is under way end. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#underWay);
  }

  /**
   * An answer of 2xx whose body is read as it comes, until it is cancelled: `signal` and the component's timeout end the
   * waiting for its head alone, and {@link close} does not wait for it. Throws as {@link call} does.
   */
  stream(path: string, signal: AbortSignal): Promise<Response> {
    return this.#answered({ method: "GET", path, signal }, async (response) => response);
  }

  #call(call: RemoteCall): Promise<RemoteAnswer> {
    return this.#answered(call, async (response) => {
      const body = new Uint8Array(await response.arrayBuffer());
      const filtered = response.type === "cors" && this.#context.platform.origin !== undefined;
      return { status: response.status, headers: response.headers, body, filtered };
    });
  }

  /** What `read` makes of an answer of 2xx, within the timeout. */
  async #answered<T>(
    { method, path, headers, body, signal, requestId }: RemoteCall,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { clock, fetch } = this.#context.platform;
    const ending = new AbortController();
    let late = false;
    const cancel = clock.after(this.#timeoutMs, () => {
      late = true;
      ending.abort();
    });
    const leave = () => ending.abort();
    if (signal?.aborted) leave();
    signal?.addEventListener("abort", leave, { once: true });
    try {
      const response = await fetch(this.url + path, {
        method,
        headers: {
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
          ...(this.#token !== undefined && { "dapr-api-token": this.#token }),
          ...(requestId !== undefined && { "daprlet-request-id": encodeURIComponent(requestId) }),
        },
        ...(body !== undefined && { body: body as Uint8Array<ArrayBuffer> }),
        signal: ending.signal,
        cache: "no-store",
        credentials: "omit",
        // A token must not follow to wherever an answer points.
        redirect: "error",
      });
      if (!response.ok) {
        throw remoteError(this.url, response.status, new Uint8Array(await response.arrayBuffer()));
      }
      return await read(response);
    } catch (error) {
      if (error instanceof ComponentError) throw error;
      if (signal?.aborted) throw new ComponentError("CANCELLED", "the caller went away");
      throw late ? this.#late() : this.#unreachable(error);
    } finally {
      cancel();
      signal?.removeEventListener("abort", leave);
    }
  }

  #late(): ComponentError {
    return new ComponentError(
      "DEADLINE_EXCEEDED",
      `the sidecar at ${this.url} did not answer within ${this.#timeoutMs} ms; whether it did what it was asked is not known`,
    );
  }

  #unreachable(error: unknown): ComponentError {
    const { origin } = this.#context.platform;
    let remedy = "start it, or correct the component's url";
    if (origin !== undefined && origin !== new URL(this.url).origin) {
      remedy += `; it must be started with --allowed-origins ${origin}, as a page of another origin calls it`;
      if (origin.startsWith("https:") && this.url.startsWith("http:")) {
        remedy += ", and a page on https reaches http on this machine only";
      }
    }
    const cause =
      error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : reasonOf(error);
    return new ComponentError(
      "UNAVAILABLE",
      `the sidecar at ${this.url} cannot be reached: ${cause}; ${remedy}`,
      {
        cause: error,
      },
    );
  }
}
