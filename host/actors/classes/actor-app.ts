import { type FetchHandler, fromResponse, toRequest } from "../../channel/fetch-channel.ts";
import { header, json, type RuntimeRequest, type RuntimeResponse, readBody } from "../../http.ts";
import { type ActorClasses, type ActorHooks, type ActorSettings, namedClasses } from "./actor-class.ts";
import { actorConfig } from "./actor-settings.ts";
import type { ActorSidecar } from "./actor-sidecar.ts";
import { HostedClass } from "./hosted-class.ts";
import { decodeArguments, encodePayload } from "./payload.ts";

export interface ActorAppOptions extends ActorSettings {
  readonly sidecar: ActorSidecar;
  /** What else the app answers; 404 when left out. */
  readonly fetch?: FetchHandler | undefined;
  /** Told of what methods throw that says no status of its own; `console.error` when left out. */
  readonly failed?: (message: string, error: unknown) => void;
}

/** As daprd passes on an answer that says it: with its status, headers and body. */
const passedOn = ["x-daprerrorresponseheader", "true"];
const path = /^\/actors\/([^/]+)\/([^/]+)(?:\/method\/(?:(timer|remind)\/)?([^/]+))?$/;

/** Plain classes as an app that has actors: what it answers on Dapr's callbacks. */
export class ActorApp {
  readonly #types = new Map<string, HostedClass>();
  readonly #config: Readonly<Record<string, unknown>>;
  readonly #options: ActorAppOptions;

  constructor(classes: ActorClasses, options: ActorAppOptions) {
    const named = namedClasses(classes);
    for (const [type, one] of named) this.#types.set(type, new HostedClass(type, one, options.sidecar));
    this.#config = actorConfig(named, options);
    this.#options = options;
  }

  /** As a fetch-style handler, for a server of one's own. */
  readonly fetch = async (request: Request): Promise<Response> => {
    const { method, url, headers, body, signal } = request;
    const { pathname, search } = new URL(url);
    const fields: string[] = [];
    headers.forEach((value, name) => void fields.push(name, value));
    const record: RuntimeRequest = {
      method,
      path: pathname,
      query: search.slice(1),
      headers: fields,
      body: body ?? undefined,
      signal,
    };
    const answer = this.answer(record);
    if (answer === undefined)
      return (await this.#options.fetch?.(request)) ?? new Response(null, { status: 404 });
    const { status, headers: list, body: content } = await answer;
    const pairs: [string, string][] = [];
    for (let i = 0; i < list.length; i += 2) pairs.push([list[i] as string, list[i + 1] as string]);
    return new Response((content ?? null) as BodyInit | null, { status, headers: pairs });
  };

  /** Every request of the app; one that is not about actors goes to `fetch` of the options. */
  async invoke(request: RuntimeRequest): Promise<RuntimeResponse> {
    const own = this.answer(request);
    if (own !== undefined) return await own;
    const { fetch } = this.#options;
    if (fetch === undefined) return { status: 404, headers: [], body: undefined };
    return fromResponse(await fetch(toRequest(request)));
  }

  /** Undefined for a request that is not about actors. Never rejects. */
  answer(request: RuntimeRequest): Promise<RuntimeResponse> | undefined {
    if (request.method === "GET" && request.path === "/dapr/config")
      return Promise.resolve(json(this.#config));
    const match = path.exec(request.path);
    if (match === null) return undefined;
    const [, type = "", id = "", kind, name] = match;
    if (request.method !== (name === undefined ? "DELETE" : "PUT")) return undefined;
    return this.#actor(request, [type, id, name ?? ""], name === undefined ? "deactivate" : kind);
  }

  async #actor(
    request: RuntimeRequest,
    encoded: readonly string[],
    kind: string | undefined,
  ): Promise<RuntimeResponse> {
    let called = "an actor";
    try {
      const [type, id, name] = encoded.map(decodeURIComponent) as [string, string, string];
      const hosted = this.#types.get(type);
      if (hosted === undefined) throw refusal(404, `this app has no actors of type ${type}`);
      called = `${type}||${id}`;
      if (kind === "deactivate") {
        await hosted.deactivate(id);
        return { status: 200, headers: [], body: undefined };
      }
      const contentType = header(request.headers, "content-type") ?? "";
      const args = argumentsOf(
        kind === undefined ? contentType : "application/json",
        await readBody(request.body),
      );
      const work = kind === undefined ? callOf(hosted, name, args) : firingOf(hosted, kind, name, args[0]);
      called += `: ${name}`;
      const reentrancy = header(request.headers, "dapr-reentrancy-id");
      const result = await hosted.turn(id, reentrancy, request.signal, work);
      return { status: 200, ...encodePayload(result) };
    } catch (error) {
      return this.#refused(error, called, request.signal?.aborted === true);
    }
  }

  #refused(error: unknown, called: string, unheard: boolean): RuntimeResponse {
    const { status, errorCode, message } = Object(error) as Readonly<Record<string, unknown>>;
    // That it moved in the middle of its turn is no mistake of its caller's.
    const moved = errorCode === "ERR_ACTOR_INSTANCE_MISSING";
    const told =
      typeof status === "number" && Number.isInteger(status) && status >= 400 && status <= 599 && !moved;
    if (!told && !moved && !unheard) {
      const failed = this.#options.failed ?? console.error;
      failed(`daprlet: actor ${called} failed`, error);
    }
    const body = {
      errorCode: typeof errorCode === "string" ? errorCode : "ERR_ACTOR_INVOKE_METHOD",
      message: typeof message === "string" ? message : String(error),
    };
    return json(body, told ? status : 500, passedOn);
  }
}

/** Throws the refusal of a body that is no JSON. */
function argumentsOf(contentType: string, body: Uint8Array): readonly unknown[] {
  try {
    return decodeArguments(contentType, body);
  } catch {
    throw refusal(400, "the body must be JSON; send bytes as application/octet-stream");
  }
}

function callOf({ type, methods }: HostedClass, name: string, args: readonly unknown[]) {
  const method = methods.get(name);
  if (method === undefined) throw refusal(404, `${type} has no method ${name} that can be called`);
  return (actor: ActorHooks) => method.apply(actor, [...args]);
}

/** Of a timer or reminder: `fired` is what the sidecar says of it. */
function firingOf({ type, methods }: HostedClass, kind: string, name: string, fired: unknown) {
  const { data, callback } = Object(fired) as { readonly data?: unknown; readonly callback?: unknown };
  if (kind === "remind") {
    return (actor: ActorHooks) => {
      if (actor.onReminder !== undefined) return actor.onReminder(name, data);
      throw refusal(404, `${type} has no onReminder, and reminder ${name} has fired`);
    };
  }
  const called = typeof callback === "string" && callback !== "" ? callback : name;
  const method = methods.get(called);
  if (method === undefined)
    throw refusal(404, `${type} has no method ${called}, and timer ${name} has fired`);
  return (actor: ActorHooks) => method.call(actor, data);
}

function refusal(status: number, message: string): Error {
  return Object.assign(new Error(message), { status });
}
