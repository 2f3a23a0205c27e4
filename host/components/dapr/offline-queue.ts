import type { ComponentContext } from "../component.ts";

/** A call that waits for its sidecar to be reached. */
export interface QueuedCall {
  /** Sent with every attempt, so that a daprlet carries it out once. */
  readonly id: string;
  readonly method: "POST" | "DELETE";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** What it is to leave under each key: a value, or nothing where it deletes. */
  readonly writes: ReadonlyMap<string, Uint8Array | undefined>;
}

/** A call that was given up, because the sidecar refused it. */
export interface Refusal {
  readonly id: string;
  readonly keys: readonly string[];
  readonly cause: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface QueueState {
  readonly waiting: number;
  /** The latest ones. */
  readonly refused: readonly Refusal[];
}

/** Calls kept in order. They outlive whoever queued them; several may share one queue. */
export interface OfflineQueue {
  /** Resolves once the call is kept. Throws RESOURCE_EXHAUSTED where there are too many. */
  add(call: QueuedCall): Promise<void>;
  /** The last call that writes `key`; undefined where none waits. */
  latest(key: string): Promise<QueuedCall | undefined>;
  state(): Promise<QueueState>;
  /**
   * Hands call after call to `send`, never two at a time, whoever shares the queue. A call is taken out once `send`
   * resolved, and what it resolved with is kept as its refusal. Rejects as `send` does, with the call still first.
   */
  replay(send: (call: QueuedCall) => Promise<Refusal | undefined>): Promise<void>;
  /** Lets what is under way end. */
  close(): Promise<void>;
}

/** Opens the queue of one component of one app. */
export type OpenQueue = (context: ComponentContext) => Promise<OfflineQueue>;
