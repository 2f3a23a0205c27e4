import type { Member } from "../../host/mesh/transport.ts";
import type { WireRequest, WireResponse } from "../messages.ts";

/** What tabs that each run their own runtime say to each other. Bodies of requests are bytes. Ids are the caller's. */
export type TabMessage = TabNews | TabCallMessage | TabEnough | TabReply;

/** To all. */
export type TabNews =
  | { readonly type: "who" }
  | { readonly type: "here"; readonly member: Member }
  | { readonly type: "gone"; readonly member: Member };

export interface TabCallMessage {
  readonly type: "call";
  readonly to: string;
  readonly from: Member;
  readonly id: number;
  readonly request: WireRequest;
  /** Milliseconds since the epoch after which it must not be begun. */
  readonly expires: number;
}

/** The caller has given up, or reads no further. */
export interface TabEnough {
  readonly type: "enough";
  readonly to: string;
  readonly from: string;
  readonly id: number;
}

/** To the caller. */
export type TabReply = { readonly to: string; readonly id: number } & (
  | { readonly type: "taken" }
  /** Its body is bytes; with `streamed` its parts follow, each as it comes. */
  | { readonly type: "answer"; readonly response: WireResponse; readonly streamed: boolean }
  /** Without bytes the end. */
  | { readonly type: "part"; readonly bytes: Uint8Array | undefined }
  | { readonly type: "failed"; readonly cause: string; readonly sent: boolean }
);
