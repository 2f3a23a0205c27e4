import type { Method } from "./actor-class.ts";
import { ActorError } from "./actor-error.ts";
import { type ActorProxy, type AnyActor, actorProxy } from "./actor-proxy.ts";
import type { ActorSidecar, ReminderInfo, Schedule, ScheduleBody } from "./actor-sidecar.ts";
import { duration } from "./duration.ts";
import type { ActorState } from "./turn-state.ts";

/** Timers of one actor: they end with its activation. */
export interface ActorTimers {
  /**
   * Calls a method of the actor, in a turn of its own. `callback`: the method or its name; the timer's name when left out. A
   * timer of the same name is replaced.
   */
  set(name: string, timer: Schedule & { readonly callback?: string | Method }): Promise<void>;
  delete(name: string): Promise<void>;
}

/** Reminders of one actor: they outlive it and its instance, and wake it. `onReminder` gets them. */
export interface ActorReminders {
  /** One of the same name is replaced, unless `overwrite` is false: then it is an `ActorError`. */
  set(name: string, reminder: Schedule & { readonly overwrite?: boolean }): Promise<void>;
  get(name: string): Promise<ReminderInfo | undefined>;
  delete(name: string): Promise<void>;
}

/** What a class of actors is constructed with. Timers and reminders are set at once, and stay where a method throws after. */
export interface ActorContext {
  readonly type: string;
  readonly id: string;
  readonly state: ActorState;
  readonly timers: ActorTimers;
  readonly reminders: ActorReminders;
  /** Another actor. Calls belong to the turn they are made in: under reentrancy they may come back to this actor. */
  actor<T = AnyActor>(type: string, id: string): ActorProxy<T>;
}

/** What a context needs of the instance that it is for. */
export interface ContextSource {
  readonly type: string;
  readonly id: string;
  readonly sidecar: ActorSidecar;
  readonly methods: ReadonlyMap<string, Method>;
  /** Throws outside of a turn. */
  state(): ActorState;
  reentrancy(): string | undefined;
}

export function actorContext(source: ContextSource): ActorContext {
  const { type, id, sidecar, methods } = source;
  return {
    type,
    id,
    state: {
      get: (key) => source.state().get(key),
      has: (key) => source.state().has(key),
      set: (key, value, options) => source.state().set(key, value, options),
      delete: (key) => source.state().delete(key),
    },
    timers: {
      set: (name, { callback = name, ...timer }) => {
        const method = typeof callback === "string" ? callback : callback.name;
        if (!methods.has(method)) {
          throw new TypeError(`timers.set("${name}"): ${type} has no method ${method} that can be called`);
        }
        return sidecar.schedule("timers", type, id, name, { ...schedule(timer), callback: method });
      },
      delete: (name) => sidecar.unschedule("timers", type, id, name),
    },
    reminders: {
      set: (name, { overwrite, ...reminder }) => {
        const body = { ...schedule(reminder), ...(overwrite !== undefined && { overwrite }) };
        return sidecar.schedule("reminders", type, id, name, body);
      },
      get: (name) => sidecar.reminder(type, id, name),
      delete: (name) => sidecar.unschedule("reminders", type, id, name),
    },
    actor: (otherType, otherId) => actorProxy(sidecar, otherType, otherId, () => source.reentrancy()),
  };
}

function schedule({ dueTime, period, ttl, data }: Schedule): ScheduleBody {
  return {
    ...(dueTime !== undefined && { dueTime: duration(dueTime) }),
    ...(period !== undefined && { period: duration(period) }),
    ...(ttl !== undefined && { ttl: duration(ttl) }),
    ...(data !== undefined && { data }),
  };
}

/** A turn of an instance that is over, or was given up. */
export function outsideTurn(type: string, id: string): ActorError {
  const remedy = "await what a method starts, and use timers for what comes later";
  return new ActorError(`the state of ${type}||${id} is there only during a turn: ${remedy}`, 500, undefined);
}
