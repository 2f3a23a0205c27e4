import type { IncomingMessage, ServerResponse } from "node:http";
import { LazyAbort } from "../abortable.ts";
import { type Body, BodyTooLargeError, type Headers, type RuntimeRequest } from "../http.ts";

/** A request of node:http as the runtime's record. Its signal is made when it is first asked for. */
export class NodeRequest implements RuntimeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
  readonly body: Body;
  readonly #response: ServerResponse;
  #abort: LazyAbort | undefined;

  constructor(
    method: string,
    path: string,
    query: string,
    headers: Headers,
    body: Body,
    response: ServerResponse,
  ) {
    this.method = method;
    this.path = path;
    this.query = query;
    this.headers = headers;
    this.body = body;
    this.#response = response;
  }

  get remoteAddress(): string | undefined {
    return this.#response.req.socket.remoteAddress;
  }

  get signal(): AbortSignal {
    return this.abortable.signal;
  }

  get abortable(): LazyAbort {
    if (this.#abort !== undefined) return this.#abort;
    const abort = new LazyAbort();
    this.#abort = abort;
    const response = this.#response;
    if (response.destroyed) abort.abort();
    else
      response.on("close", () => {
        if (!response.writableFinished) abort.abort();
      });
    return abort;
  }
}

/** The bytes of a chunk as a plain array: a Buffer's `slice` would share memory where Uint8Array's copies. */
function plain(chunk: Buffer): Uint8Array {
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** Calls `done` with exactly `length` bytes; never when the caller goes away first. */
export function collect(
  request: IncomingMessage,
  length: number,
  idleMs: number,
  done: (body: Uint8Array) => void,
): void {
  let first: Uint8Array | undefined;
  let whole: Uint8Array | undefined;
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    if (size === 0 && chunk.byteLength === length) first = plain(chunk);
    else {
      // A caller that announces a body and sends it drop by drop must not hold a connection for ever.
      if (whole === undefined) request.socket.setTimeout(idleMs);
      whole ??= new Uint8Array(length);
      whole.set(chunk, size);
    }
    size += chunk.byteLength;
  });
  request.on("end", () => {
    if (whole !== undefined) request.socket.setTimeout(0);
    done(first ?? whole ?? new Uint8Array(0));
  });
}

/** A body of unknown or forbidden length as a stream: it fails with BodyTooLargeError once `limit` is passed. */
export function stream(request: IncomingMessage, limit: number): ReadableStream<Uint8Array> {
  let size = 0;
  let over = false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const end = (error?: Error) => {
          if (over) return;
          over = true;
          if (error === undefined) controller.close();
          else controller.error(error);
        };
        request.on("data", (chunk: Buffer) => {
          if (over) return;
          size += chunk.byteLength;
          if (size > limit) return end(new BodyTooLargeError(limit));
          controller.enqueue(plain(chunk));
          if ((controller.desiredSize ?? 0) <= 0) request.pause();
        });
        request.on("end", () => end());
        request.on("close", () =>
          end(new DOMException("the caller went away before the end of its request", "AbortError")),
        );
        request.on("error", () => end(new DOMException("the caller's connection failed", "AbortError")));
        request.pause();
      },
      pull() {
        request.resume();
      },
      cancel() {
        over = true;
        request.resume();
      },
    },
    { highWaterMark: 0 },
  );
}
