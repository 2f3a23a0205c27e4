import type { Socket } from "node:net";
import { decodeFrame, encodeFrame, type Frame, FrameError, maxFrame } from "../../mesh/relay-protocol.ts";

/** Cuts a stream of bytes into what each came after its length: 4 bytes, big-endian. */
export class FrameCutter {
  readonly #each: (frame: Uint8Array) => void;
  #length = 0;
  #lengthBytes = 0;
  /** Begun, and filled so far. */
  #frame: Uint8Array | undefined;
  #filled = 0;

  constructor(each: (frame: Uint8Array) => void) {
    this.#each = each;
  }

  /** A frame that lies in `chunk` whole is a view of it. Throws {@link FrameError}. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.byteLength)
      at += this.#frame === undefined ? this.#begin(chunk, at) : this.#fill(chunk, at);
  }

  /** Answers the number of bytes taken. */
  #begin(chunk: Uint8Array, at: number): number {
    this.#length = this.#length * 256 + (chunk[at] as number);
    if (++this.#lengthBytes < 4) return 1;
    const length = this.#length;
    this.#length = 0;
    this.#lengthBytes = 0;
    if (length > maxFrame) throw new FrameError(`a frame has at most ${maxFrame} bytes`);
    if (chunk.byteLength - at - 1 >= length) {
      this.#each(chunk.subarray(at + 1, at + 1 + length));
      return 1 + length;
    }
    this.#frame = new Uint8Array(length);
    this.#filled = 0;
    return 1;
  }

  #fill(chunk: Uint8Array, at: number): number {
    const frame = this.#frame as Uint8Array;
    const piece = chunk.subarray(at, at + frame.byteLength - this.#filled);
    frame.set(piece, this.#filled);
    this.#filled += piece.byteLength;
    if (this.#filled === frame.byteLength) {
      this.#frame = undefined;
      this.#each(frame);
    }
    return piece.byteLength;
  }
}

/** What rides on a {@link FrameSocket}. */
export interface FrameEvents {
  received(frame: Frame, body: Uint8Array): void;
  /** Once; nothing is sent or received after it. */
  lost(): void;
}

/**
 * Frames over a connection. All that is sent in one turn of the event loop leaves in one piece: of many calls at a time
 * each costs a fraction of a system call on either side.
 */
export class FrameSocket {
  readonly #socket: Socket;
  readonly #events: FrameEvents;
  #waiting: Uint8Array[] = [];
  #size = 0;
  #over = false;

  /** `head`: what came already. */
  constructor(socket: Socket, head: Uint8Array, events: FrameEvents) {
    this.#socket = socket;
    this.#events = events;
    const cutter = new FrameCutter((bytes) => {
      const { frame, body } = decodeFrame(bytes);
      if (!this.#over) events.received(frame, body);
    });
    const take = ({ buffer, byteOffset, byteLength }: Uint8Array) => {
      try {
        cutter.push(new Uint8Array(buffer, byteOffset, byteLength));
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        this.destroy();
      }
    };
    socket.unref();
    socket.on("error", () => this.destroy());
    socket.on("close", () => this.#lost());
    socket.on("end", () => this.end());
    socket.on("data", take);
    if (head.byteLength > 0) take(head);
  }

  /** False when the connection is over. Throws {@link FrameError}. */
  send(frame: Frame, body?: Uint8Array): boolean {
    if (this.#over) return false;
    const bytes = encodeFrame(frame, body);
    if (this.#waiting.push(bytes) === 1) setImmediate(() => this.#flush());
    this.#size += 4 + bytes.byteLength;
    return true;
  }

  #flush(): void {
    const frames = this.#waiting;
    if (frames.length === 0 || this.#socket.destroyed) return;
    const bytes = Buffer.allocUnsafe(this.#size);
    let at = 0;
    for (const frame of frames) {
      at = bytes.writeUInt32BE(frame.byteLength, at);
      bytes.set(frame, at);
      at += frame.byteLength;
    }
    this.#waiting = [];
    this.#size = 0;
    this.#socket.write(bytes);
  }

  /** Ends it once all has left. */
  end(): void {
    this.#flush();
    this.#lost();
    this.#socket.end();
  }

  destroy(): void {
    this.#lost();
    this.#socket.destroy();
  }

  #lost(): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.lost();
  }
}
