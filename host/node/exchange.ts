import type { Dispatcher } from "undici";
import type { Abortable } from "../abortable.ts";
import { abortableOf, type Headers, type RuntimeRequest, type RuntimeResponse } from "../http.ts";
import { fieldName } from "./field-name.ts";

/** Up to it a response of known length is handed on whole, which costs less than a stream. Bytes. */
const wholeUpTo = 64 << 10;
const buffered = 64 << 10;

/** They have no body, whatever length they name: that of another answer, or a mistake (RFC 9110 §15.3.5, §15.4.5). */
const bodiless: ReadonlySet<number> = new Set([204, 304]);

/** A request that got no response. */
export class ExchangeError extends Error {
  constructor(
    message: string,
    /** The system's or undici's code: `ECONNREFUSED`, `ENOENT`, `UND_ERR_SOCKET`. */
    readonly code: string,
    /** True once a connection was there to write to. */
    readonly sent: boolean,
    /** True once the response had begun. */
    readonly begun: boolean,
    options: { cause: unknown },
  ) {
    super(message, options);
    this.name = "ExchangeError";
  }
}

/**
 * One request over undici's dispatcher, between records. Informational responses are skipped, redirects are answers.
 * `done` is called once, when the response's body has been read to its end or given up. Throws
 * {@link ExchangeError}, or what `explained` makes of it, or the signal's reason when it aborted.
 */
export function exchange(
  dispatcher: Dispatcher,
  origin: string,
  record: RuntimeRequest,
  headers: Headers,
  done: () => void,
  explained: (error: ExchangeError) => Error = asItIs,
): Promise<RuntimeResponse> {
  return new Promise((resolve, reject) => {
    const path = record.query === "" ? record.path : `${record.path}?${record.query}`;
    const handler = new ExchangeHandler(abortableOf(record), resolve, reject, done, explained);
    try {
      dispatcher.dispatch(
        {
          origin,
          path,
          method: record.method as Dispatcher.HttpMethod,
          headers: headers as string[],
          body: (record.body ?? null) as Uint8Array | null,
        },
        handler,
      );
    } catch (error) {
      handler.onError(error as Error);
    }
  });
}

function asItIs(error: ExchangeError): Error {
  return error;
}

/** undici's callbacks turned into one response; its form with raw headers, which costs no object per response. */
class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #signal: Abortable | undefined;
  readonly #resolve: (response: RuntimeResponse) => void;
  readonly #reject: (error: unknown) => void;
  readonly #done: () => void;
  readonly #explained: (error: ExchangeError) => Error;
  readonly #onAbort: (() => void) | undefined;
  #abort: (() => void) | undefined;
  #resume: (() => void) | undefined;
  #chunks: Uint8Array[] = [];
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #status = 0;
  #headers: string[] = [];
  #answered = false;
  #ended = false;

  constructor(
    signal: Abortable | undefined,
    resolve: (response: RuntimeResponse) => void,
    reject: (error: unknown) => void,
    done: () => void,
    explained: (error: ExchangeError) => Error,
  ) {
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#done = done;
    this.#explained = explained;
    if (signal === undefined) return;
    this.#onAbort = () => this.#abort?.();
    signal.addEventListener("abort", this.#onAbort);
  }

  onConnect(abort: () => void): void {
    if (this.#signal?.aborted) abort();
    else this.#abort = abort;
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void): boolean {
    if (status < 200) return true;
    const empty = bodiless.has(status);
    let length = empty ? 0 : Number.POSITIVE_INFINITY;
    for (let i = 0; i < raw.length; i += 2) {
      const name = fieldName((raw[i] as Buffer).toString("latin1"));
      const value = (raw[i + 1] as Buffer).toString("latin1");
      if (name === "content-length") {
        if (empty) continue;
        length = Number(value);
      }
      this.#headers.push(name, value);
    }
    this.#status = status;
    this.#resume = resume;
    // A microtask runs when undici has parsed all that the socket gave: most bodies are complete by then.
    if (!(length <= wholeUpTo)) queueMicrotask(() => this.#stream());
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.#controller === undefined) {
      this.#chunks.push(chunk);
      return true;
    }
    this.#controller.enqueue(chunk);
    return (this.#controller.desiredSize ?? 0) > 0;
  }

  onComplete(): void {
    if (this.#controller === undefined) this.#answer(this.#whole());
    else this.#controller.close();
    this.#end();
  }

  onError(error: Error): void {
    const { code } = error as { code?: string };
    // undici waits for a body of the length that was named.
    if (bodiless.has(this.#status) && code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH") {
      this.onComplete();
      return;
    }
    const reason: unknown = this.#signal?.aborted
      ? this.#signal.reason
      : this.#explained(
          new ExchangeError(
            error.message || code || error.name,
            code ?? error.name,
            this.#abort !== undefined,
            this.#status !== 0,
            { cause: error },
          ),
        );
    if (!this.#answered) this.#reject(reason);
    else if (!this.#ended) this.#controller?.error(reason);
    this.#end();
  }

  #answer(body: RuntimeResponse["body"]): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  #whole(): Uint8Array | undefined {
    const chunks = this.#chunks;
    return chunks.length > 1 ? Buffer.concat(chunks) : chunks[0];
  }

  #stream(): void {
    if (this.#answered || this.#ended) return;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          for (const chunk of this.#chunks) controller.enqueue(chunk);
          this.#chunks = [];
        },
        pull: () => this.#resume?.(),
        cancel: () => {
          this.#ended = true;
          this.#abort?.();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: buffered }),
    );
    this.#answer(body);
  }

  #end(): void {
    this.#ended = true;
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#done();
  }
}
