import { AppUnreachableError } from "../channel/app-channel.ts";
import type { Body, RuntimeRequest, RuntimeResponse } from "../http.ts";
import type { Log } from "../platform.ts";
import { BodyReceiver, BodySender } from "./body-flow.ts";
import { type Frame, FrameError, type FrameOf } from "./relay-protocol.ts";
import { type Instance, type Receiver, UnavailableError } from "./transport.ts";

/** What carries frames to the other side. */
export interface FrameLink {
  /** For messages: `the relay`. */
  readonly farSide: string;
  /** Bytes of a body that go with its head; more come in chunks. */
  readonly wholeUpTo: number;
  /** False where it is not connected. Throws FrameError. */
  send(frame: Frame, body?: Uint8Array): boolean;
}

/** A call that this member made. */
interface Outgoing {
  readonly request: BodySender;
  answer: BodyReceiver | undefined;
  resolve(response: RuntimeResponse): void;
  reject(error: unknown): void;
  end(): void;
}

/** A call that this member answers. */
interface Incoming {
  readonly gone: AbortController;
  readonly request: BodyReceiver | undefined;
  readonly answer: BodySender;
}

type CallFrame = Extract<Frame, { call: number }>;

/** Invocations over a link, in both directions: a call's number is positive with who calls, negative with who answers. */
export class CallExchange {
  readonly #outgoing = new Map<number, Outgoing>();
  readonly #incoming = new Map<number, Incoming>();
  #calls = 0;
  #idle: (() => void)[] = [];
  receiver: Receiver | undefined;
  /** Called whenever no call of this member waits any more. */
  allAnswered: (() => void) | undefined;

  constructor(
    readonly link: () => FrameLink,
    readonly log: Log,
  ) {}

  /** Calls an instance. Throws UnavailableError, AppUnreachableError, or the signal's reason. */
  invoke(to: Instance, record: RuntimeRequest): Promise<RuntimeResponse> {
    const { method, path, query, headers, body, signal } = record;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const call = ++this.#calls;
      const request = new BodySender((bytes, more) => this.link().send({ t: "chunk", call, more }, bytes));
      const abort = () => {
        this.#outgoing.get(call)?.answer?.fail(signal?.reason);
        this.#settle(call)?.reject(signal?.reason);
        this.link().send({ t: "cancel", call });
      };
      const outgoing: Outgoing = {
        request,
        answer: undefined,
        resolve,
        reject,
        end: () => {
          signal?.removeEventListener("abort", abort);
          request.stop();
        },
      };
      const first = request.first(body, this.link().wholeUpTo);
      let sent: boolean;
      try {
        const head = { call, to: to.id, method, path, query, headers, more: first.more };
        sent = this.link().send({ t: "invoke", ...head }, first.bytes);
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        return reject(new UnavailableError(error.message, { cause: error, sent: true }));
      }
      if (!sent) {
        return reject(
          new UnavailableError(`${this.link().farSide} is not connected; trying to reach it again`, {
            sent: false,
          }),
        );
      }
      this.#outgoing.set(call, outgoing);
      signal?.addEventListener("abort", abort);
      if (first.more) {
        request.rest(body).catch((error: unknown) => {
          this.#settle(call)?.reject(error);
          this.link().send({ t: "cancel", call });
        });
      }
    });
  }

  received(frame: CallFrame, body: Uint8Array): void {
    if (frame.t === "request") this.#serve(frame, body);
    else if (frame.call > 0) this.#toCaller(frame, body);
    else this.#toCallee(frame, body);
  }

  #toCaller(frame: CallFrame, body: Uint8Array): void {
    const { call } = frame;
    const outgoing = this.#outgoing.get(call);
    if (outgoing === undefined) return;
    switch (frame.t) {
      case "answer": {
        const { status, headers, more } = frame;
        if (!more) {
          this.#settle(call);
          outgoing.resolve({ status, headers, body: body.byteLength === 0 ? undefined : body });
          return;
        }
        outgoing.answer = new BodyReceiver(
          (bytes) => this.link().send({ t: "credit", call, bytes }),
          () => {
            this.#settle(call);
            this.link().send({ t: "cancel", call });
          },
        );
        outgoing.answer.push(body, true);
        outgoing.resolve({ status, headers, body: outgoing.answer.stream });
        return;
      }
      case "chunk":
        if (!frame.more) this.#settle(call);
        outgoing.answer?.push(body, frame.more);
        return;
      case "credit":
        outgoing.request.grant(frame.bytes);
        return;
      case "cancel":
        outgoing.request.stop();
        return;
      case "fail":
        this.#fail(call, failureOf(frame));
    }
  }

  #fail(call: number, error: Error): void {
    const outgoing = this.#settle(call);
    outgoing?.answer?.fail(error);
    outgoing?.reject(error);
  }

  #settle(call: number): Outgoing | undefined {
    const outgoing = this.#outgoing.get(call);
    this.#outgoing.delete(call);
    outgoing?.end();
    if (this.#outgoing.size === 0) this.allAnswered?.();
    return outgoing;
  }

  /** Calls of this member that wait for their answer, or for the rest of it. */
  get waiting(): number {
    return this.#outgoing.size;
  }

  #toCallee(frame: CallFrame, body: Uint8Array): void {
    const { call } = frame;
    const incoming = this.#incoming.get(call);
    if (incoming === undefined) return;
    switch (frame.t) {
      case "chunk":
        incoming.request?.push(body, frame.more);
        return;
      case "credit":
        incoming.answer.grant(frame.bytes);
        return;
      case "cancel":
        this.#drop(call, new DOMException("the caller went away", "AbortError"));
    }
  }

  #drop(call: number, reason: unknown): void {
    const incoming = this.#incoming.get(call);
    if (incoming === undefined) return;
    this.#incoming.delete(call);
    incoming.gone.abort(reason);
    incoming.request?.fail(reason);
    incoming.answer.stop();
    this.#tellIdle();
  }

  #serve(frame: FrameOf<"request">, bytes: Uint8Array): void {
    const { call, appId, namespace, vouched, address, method, path, query, headers, more } = frame;
    const { receiver } = this;
    if (receiver === undefined) {
      this.link().send({ t: "fail", call, kind: "unsent", message: "the instance takes no calls yet" });
      return;
    }
    let request: BodyReceiver | undefined;
    let body: Body = bytes.byteLength === 0 ? undefined : bytes;
    if (more) {
      request = new BodyReceiver(
        (granted) => this.link().send({ t: "credit", call, bytes: granted }),
        () => this.link().send({ t: "cancel", call }),
      );
      request.push(bytes, true);
      body = request.stream;
    }
    const gone = new AbortController();
    const answer = new BodySender((piece, last) => this.link().send({ t: "chunk", call, more: last }, piece));
    const incoming: Incoming = { gone, request, answer };
    this.#incoming.set(call, incoming);
    const record: RuntimeRequest = { method, path, query, headers, body, signal: gone.signal };
    this.#answer(call, incoming, receiver(record, { appId, namespace, claimed: !vouched, address }))
      .catch((error: unknown) => this.#unanswered(call, incoming, error))
      .finally(() => {
        if (this.#incoming.get(call) === incoming) this.#incoming.delete(call);
        this.#tellIdle();
      });
  }

  #tellIdle(): void {
    if (this.#incoming.size > 0) return;
    for (const idle of this.#idle.splice(0)) idle();
  }

  /** Resolves when no call of another member is being answered. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#tellIdle();
    });
  }

  async #answer(call: number, { answer, gone }: Incoming, work: Promise<RuntimeResponse>): Promise<void> {
    const { status, headers, body } = await work;
    if (gone.signal.aborted) {
      if (body instanceof ReadableStream) await body.cancel().catch(() => undefined);
      return;
    }
    const { bytes, more } = answer.first(body, this.link().wholeUpTo);
    this.link().send({ t: "answer", call, status, headers, more }, bytes);
    if (more) await answer.rest(body);
  }

  #unanswered(call: number, { gone }: Incoming, error: unknown): void {
    if (gone.signal.aborted) return;
    if (error instanceof AppUnreachableError) {
      this.link().send({
        t: "fail",
        call,
        kind: error.sent ? "app-lost" : "app",
        message: error.message.slice(0, 1000),
      });
      return;
    }
    this.log.error(`a call through ${this.link().farSide} failed`, {
      cause: error instanceof Error ? error.message : "unknown",
    });
    const message =
      error instanceof FrameError
        ? error.message
        : "the callee could not answer to the end; see its sidecar's log";
    this.link().send({ t: "fail", call, kind: "sent", message });
  }

  /** The connection is gone, and with it every call. */
  lost(): void {
    const { farSide } = this.link();
    for (const call of [...this.#outgoing.keys()]) {
      const message = `the connection to ${farSide} was lost before the answer came`;
      this.#fail(call, new UnavailableError(message, { sent: true }));
    }
    for (const call of [...this.#incoming.keys()]) {
      this.#drop(call, new DOMException(`the connection to ${farSide} was lost`, "AbortError"));
    }
  }
}

function failureOf({ kind, message }: FrameOf<"fail">): Error {
  if (kind === "app" || kind === "app-lost")
    return new AppUnreachableError(message, { sent: kind === "app-lost" });
  return new UnavailableError(message, { sent: kind !== "unsent" });
}
