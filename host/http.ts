/**
 * The request and response records of the runtime. Hosts convert at their edge, once, from and to whatever
 * they listen on: constructing a `Request` costs more than reading a state item.
 */

import type { Abortable } from "./abortable.ts";
import { joinBytes } from "./join-bytes.ts";

/** Header fields as a flat list `[name, value, name, value, …]`, names lower-cased, order and repeats kept. */
export type Headers = readonly string[];

/** Whole bytes, or a stream of them. A stream is read at most once. `undefined`: no body. */
export type Body = Uint8Array | ReadableStream<Uint8Array> | undefined;

export interface RuntimeRequest {
  /** Upper-cased, any token. */
  readonly method: string;
  /** Still percent-encoded, begins with a slash, no query, no fragment. */
  readonly path: string;
  /** The raw query without its question mark; empty when there is none. */
  readonly query: string;
  readonly headers: Headers;
  readonly body: Body;
  /** Aborts when the caller goes away. */
  readonly signal?: AbortSignal | undefined;
  /** What `signal` is made of, where a host makes that when it is first asked for: listening here makes none. */
  readonly abortable?: Abortable | undefined;
  /** The address that the request came from, where the host sees one; never taken from a header. */
  readonly remoteAddress?: string | undefined;
}

export interface RuntimeResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  /** Of an answer from the catalogue of errors: what it says. */
  readonly errorCode?: string;
  /** Of such an answer with a status that tells of less: an ETag was another one. */
  readonly conflict?: true;
}

/** The first value of a header; `name` is lower-case. */
export function header(headers: Headers, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
  return undefined;
}

/** The same list without every field of that name. */
export function withoutHeader(headers: Headers, name: string): Headers {
  if (header(headers, name) === undefined) return headers;
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== name) kept.push(headers[i] as string, headers[i + 1] as string);
  }
  return kept;
}

type Changes = Partial<Pick<RuntimeRequest, "method" | "path" | "query" | "headers" | "body">>;

/** A class, since an object with getters of its own costs microseconds. */
class ChangedRequest implements RuntimeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
  readonly body: Body;
  readonly #request: RuntimeRequest;

  constructor(request: RuntimeRequest, changes: Changes) {
    this.method = changes.method ?? request.method;
    this.path = changes.path ?? request.path;
    this.query = changes.query ?? request.query;
    this.headers = changes.headers ?? request.headers;
    this.body = "body" in changes ? changes.body : request.body;
    this.#request = request;
  }

  get signal(): AbortSignal | undefined {
    return this.#request.signal;
  }

  get abortable(): Abortable | undefined {
    return this.#request.abortable;
  }

  get remoteAddress(): string | undefined {
    return this.#request.remoteAddress;
  }
}

export function abortableOf(request: RuntimeRequest): Abortable | undefined {
  return request.abortable ?? request.signal;
}

/**
 * The request with some members changed. A host may make `signal` and `remoteAddress` when they are first asked for, and
 * spreading would lose them.
 */
export function withChanges(request: RuntimeRequest, changes: Changes): RuntimeRequest {
  return new ChangedRequest(request, changes);
}

/** One that goes on to an app: where its caller's connection came from is nothing to that. */
class OnwardRequest extends ChangedRequest {
  override get remoteAddress(): undefined {
    return undefined;
  }
}

/** As {@link withChanges}, for a request that goes on to an app. */
export function goingOn(request: RuntimeRequest, changes: Changes): RuntimeRequest {
  return new OnwardRequest(request, changes);
}

/** A body larger than the host accepts. The API turns it into the block's own body-read error. */
export class BodyTooLargeError extends Error {
  constructor(readonly limit: number) {
    super(`request body is larger than ${limit} bytes`);
    this.name = "BodyTooLargeError";
  }
}

const none = new Uint8Array(0);

/** Collects a body. Throws {@link BodyTooLargeError} as soon as `limit` bytes are passed; the stream is cancelled. */
export async function readBody(body: Body, limit = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
  if (body === undefined) return none;
  if (body instanceof Uint8Array) {
    if (body.byteLength > limit) throw new BodyTooLargeError(limit);
    return body;
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > limit) {
      await reader.cancel().catch(() => undefined);
      throw new BodyTooLargeError(limit);
    }
    chunks.push(value);
  }
  const only = chunks[0];
  if (only !== undefined && chunks.length === 1) return only;
  return joinBytes(chunks);
}

const encoder = new TextEncoder();
const jsonHeaders: Headers = ["content-type", "application/json"];
const textHeaders: Headers = ["content-type", "text/plain"];

/** 204: success without a body or content type. */
export const noContent: RuntimeResponse = Object.freeze({ status: 204, headers: [], body: undefined });

export function json(value: unknown, status = 200, headers: Headers = []): RuntimeResponse {
  return {
    status,
    headers: headers.length === 0 ? jsonHeaders : [...jsonHeaders, ...headers],
    body: encoder.encode(JSON.stringify(value)),
  };
}

export function text(value: string, status = 200): RuntimeResponse {
  return { status, headers: textHeaders, body: encoder.encode(value) };
}
