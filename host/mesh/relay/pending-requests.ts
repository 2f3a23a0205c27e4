import { ComponentError } from "../../errors/component-error.ts";
import type { Frame } from "../relay-protocol.ts";

/** A frame that the relay answers `done` or `refused`. */
export type RelayRequest = Extract<Frame, { id: number }> & {
  readonly t: "publish" | "subscribe" | "unsubscribe" | "join";
};
export type RelayRequestFields = RelayRequest extends infer R
  ? R extends RelayRequest
    ? Omit<R, "id">
    : never
  : never;

interface Pending {
  readonly frame: RelayRequest;
  readonly body: Uint8Array | undefined;
  resolve(): void;
  reject(error: ComponentError): void;
}

const maxPending = 1_024;
const maxPendingBytes = 32 << 20;

/** Requests that the relay has not answered, in the order they were made. Bounded: it refuses rather than grows. */
export class PendingRequests {
  readonly #pending = new Map<number, Pending>();
  #bytes = 0;
  #ids = 0;

  /** `send` puts the request on the wire, or does nothing while there is none; what it throws is thrown. */
  add(
    fields: RelayRequestFields,
    body: Uint8Array | undefined,
    send: (frame: RelayRequest, body: Uint8Array | undefined) => void,
  ): Promise<void> {
    const bytes = body?.byteLength ?? 0;
    if (this.#pending.size >= maxPending || this.#bytes + bytes > maxPendingBytes) {
      const cause = `${this.#pending.size} requests wait for the relay; send fewer at a time`;
      return Promise.reject(new ComponentError("RESOURCE_EXHAUSTED", cause));
    }
    return new Promise((resolve, reject) => {
      const frame = { ...fields, id: ++this.#ids } as RelayRequest;
      send(frame, body);
      this.#pending.set(frame.id, { frame, body, resolve, reject });
      this.#bytes += bytes;
    });
  }

  /** Takes the request that an answer is for; undefined when it has been given up. */
  take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    this.#bytes -= pending.body?.byteLength ?? 0;
    return pending;
  }

  resend(send: (frame: RelayRequest, body: Uint8Array | undefined) => void): void {
    for (const { frame, body } of this.#pending.values()) send(frame, body);
  }

  giveUp(error: ComponentError): void {
    for (const id of [...this.#pending.keys()]) this.take(id)?.reject(error);
  }
}
