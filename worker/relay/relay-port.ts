/** What the service worker and the dedicated worker that holds its sockets say to each other, on one MessagePort. */

/** Starts a dedicated worker's port: comes with the port itself. Page to dedicated worker. */
export const RELAY_PORT = "daprlet-relay-port";

/** Ids are the service worker's. Binary data is transferred. */
export type ToHolder =
  | {
      readonly type: "open";
      readonly id: number;
      readonly url: string;
      readonly protocols: readonly string[];
    }
  | { readonly type: "send"; readonly id: number; readonly data: string | ArrayBuffer }
  | {
      readonly type: "close";
      readonly id: number;
      readonly code: number | undefined;
      readonly reason: string | undefined;
    }
  | { readonly type: "ping" };

export type FromHolder =
  | { readonly type: "opened"; readonly id: number }
  | { readonly type: "message"; readonly id: number; readonly data: string | ArrayBuffer }
  /** So much of what was sent has reached the network since the last word of it; as {@link sizeOf} counts. */
  | { readonly type: "drained"; readonly id: number; readonly size: number }
  | { readonly type: "closed"; readonly id: number; readonly code: number; readonly reason: string }
  | { readonly type: "pong" };

/** Bytes; of text, its length, which is near enough for back-pressure and costs nothing. */
export function sizeOf(data: string | ArrayBuffer | Uint8Array): number {
  return typeof data === "string" ? data.length : data.byteLength;
}
