import type { Body } from "../http.ts";
import { window } from "./relay-protocol.ts";

/** Bytes of one frame of a body. */
export const chunkSize = 64 << 10;

/** Sends a body in chunks, never more than the reader's credit ahead. */
export class BodySender {
  #credit = window;
  #wake: (() => void) | undefined;
  #stopped = false;

  constructor(readonly send: (bytes: Uint8Array, more: boolean) => void) {}

  grant(bytes: number): void {
    this.#credit += bytes;
    this.#wake?.();
  }

  /** Nothing more is sent; the source of a stream is told. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  /** What goes with the head: all of a small body, the first piece of a large one, nothing of a stream. */
  first(body: Body, wholeUpTo: number): { readonly bytes: Uint8Array | undefined; readonly more: boolean } {
    if (body === undefined) return { bytes: undefined, more: false };
    if (!(body instanceof Uint8Array)) return { bytes: undefined, more: true };
    if (body.byteLength <= wholeUpTo) return { bytes: body, more: false };
    const bytes = body.subarray(0, chunkSize);
    this.#credit -= bytes.byteLength;
    return { bytes, more: true };
  }

  /** What comes after {@link first}. Throws what the stream fails with. */
  async rest(body: Body): Promise<void> {
    if (body === undefined) return;
    if (body instanceof Uint8Array) {
      if (body.byteLength > chunkSize && (await this.#pieces(body.subarray(chunkSize)))) {
        this.send(body.subarray(0, 0), false);
      }
      return;
    }
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (this.#stopped) return void (await reader.cancel().catch(() => undefined));
      if (done) return this.send(new Uint8Array(0), false);
      if (!(await this.#pieces(value))) return void (await reader.cancel().catch(() => undefined));
    }
  }

  /** False when it was stopped. */
  async #pieces(bytes: Uint8Array): Promise<boolean> {
    let offset = 0;
    while (offset < bytes.byteLength) {
      while (this.#credit <= 0 && !this.#stopped) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
      if (this.#stopped) return false;
      const piece = bytes.subarray(offset, offset + Math.min(chunkSize, this.#credit));
      this.#credit -= piece.byteLength;
      offset += piece.byteLength;
      this.send(piece, true);
    }
    return true;
  }
}

/** The stream of a body that comes in chunks; what has been read is granted again. */
export class BodyReceiver {
  readonly stream: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #read = 0;

  constructor(grant: (bytes: number) => void, cancelled: () => void) {
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          if (this.#read < window / 4) return;
          grant(this.#read);
          this.#read = 0;
        },
        cancel: () => {
          this.#controller = undefined;
          cancelled();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: window / 2 }),
    );
  }

  /** A frame's bytes; the last ones when `more` is false. */
  push(bytes: Uint8Array, more: boolean): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    if (bytes.byteLength > 0) {
      this.#read += bytes.byteLength;
      controller.enqueue(bytes);
    }
    if (more) return;
    this.#controller = undefined;
    controller.close();
  }

  fail(error: unknown): void {
    this.#controller?.error(error);
    this.#controller = undefined;
  }
}
