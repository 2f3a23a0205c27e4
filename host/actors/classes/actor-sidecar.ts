/** A change of one key of an actor's state. */
export type StateChange =
  | {
      readonly operation: "upsert";
      readonly request: {
        readonly key: string;
        readonly value: unknown;
        readonly metadata?: { readonly ttlInSeconds: string };
      };
    }
  | { readonly operation: "delete"; readonly request: { readonly key: string } };

/**
 * When a timer or a reminder fires, in Dapr's syntax: Go durations (`1m30s`), ISO 8601 (`PT1M30S`, `R5/PT1M` for five
 * times), or a number of milliseconds.
 */
export interface Schedule {
  /** Before the first time; at once when left out. */
  readonly dueTime?: string | number;
  /** Between the times; once when left out. */
  readonly period?: string | number;
  /** After which it ends by itself. */
  readonly ttl?: string | number;
  /** Handed to the actor each time: any JSON. */
  readonly data?: unknown;
}

/** A schedule as it goes to the sidecar. */
export type ScheduleBody = Readonly<Record<string, unknown>>;

export interface ReminderInfo {
  readonly data?: unknown;
  readonly dueTime?: string;
  readonly period?: string;
  readonly ttl?: string;
}

/** What answered a call of an actor. Bytes stay bytes where their type says so, all else is JSON. */
export interface ActorAnswer {
  readonly type: string;
  readonly body: Uint8Array;
}

/**
 * What actors need of their sidecar. What it refuses is thrown as an `ActorError`. Names, ids and keys come as they are,
 * not encoded for a path.
 */
export interface ActorSidecar {
  /** JSON text; undefined where there is none. */
  getState(type: string, id: string, key: string): Promise<Uint8Array | undefined>;
  /** All or nothing, as durable as the store makes it before it resolves. */
  transact(type: string, id: string, changes: readonly StateChange[]): Promise<void>;
  schedule(
    kind: "timers" | "reminders",
    type: string,
    id: string,
    name: string,
    body: ScheduleBody,
  ): Promise<void>;
  unschedule(kind: "timers" | "reminders", type: string, id: string, name: string): Promise<void>;
  reminder(type: string, id: string, name: string): Promise<ReminderInfo | undefined>;
  /** Calls an actor, wherever it lives. `reentrancy`: the chain of calls that this one belongs to. */
  invoke(
    type: string,
    id: string,
    method: string,
    args: readonly unknown[],
    reentrancy: string | undefined,
  ): Promise<ActorAnswer>;
}
