import type { BackOff } from "./back-off.ts";

/** What passes between a broker and those who publish and subscribe: records without a broker around them. */

export interface PublishRequest {
  readonly topic: string;
  /** The envelope, or the publisher's own bytes for a raw payload. The component owns the array from here on. */
  readonly data: Uint8Array;
  readonly contentType: string | undefined;
  readonly metadata: ReadonlyMap<string, string>;
  /** With an id, a second publish of the same id appends nothing and succeeds (components with OUTCOME). */
  readonly requestId: string | undefined;
  /** One of many that were published in one request. */
  readonly together?: true;
}

export interface Message {
  readonly topic: string;
  /** Shared with other consumers and with later attempts: to be read only, and never to be transferred. */
  readonly data: Uint8Array;
  readonly contentType: string | undefined;
  readonly metadata: ReadonlyMap<string, string>;
  /** 1 for the first delivery to this consumer. */
  readonly attempt: number;
}

/** Resolves: acknowledged, never to come again. Rejects: to be delivered again, after the component's back-off. */
export type MessageHandler = (message: Message) => Promise<void>;

export interface SubscribeRequest {
  readonly topic: string;
  /** Instances with the same consumer compete for each event; different consumers each get it. */
  readonly consumerId: string;
  readonly metadata: ReadonlyMap<string, string>;
  /** So many events have to be able to be with the handler at once, whatever the component's own setting. */
  readonly concurrency?: number;
  /** What is waited for between the deliveries of an event that fails, whatever the component's own setting. */
  readonly backOff?: BackOff;
}

export interface Subscription {
  /** No event is handed out after it resolves; one under way is awaited. */
  close(): Promise<void>;
}
