import type { ActorContext } from "./actor-context.ts";

/** What Dapr can be told of an actor type. Durations are Go's (`1h30m`), or milliseconds. */
export interface ActorSettings {
  /** Without a call, after which an actor is deactivated; an hour when left out. */
  readonly idleTimeout?: string | number;
  /** How long calls under way may take to end when an actor moves; 2 s when left out. */
  readonly drainTimeout?: string | number;
  /** False: calls under way are ended at once when an actor moves. */
  readonly drain?: boolean;
  /** Lets calls that an actor's own call leads to come back to it, so many at a time; 32 for `true`. */
  readonly reentrancy?: boolean | { readonly maxStackDepth: number };
}

/** Hooks that a class of actors may have; no caller reaches them. */
export interface ActorHooks {
  /** Before the first turn. What it throws fails the call that woke the actor. */
  onActivate?(): unknown;
  /** When the actor is idle, moves elsewhere, or its instance stops in good order. A crash asks nobody. */
  onDeactivate?(): unknown;
  /** A reminder of the actor has fired. What it throws has the sidecar try again. */
  onReminder?(name: string, data: unknown): unknown;
}

/**
 * A plain class whose methods can be called as an actor's. Only methods of the class itself and of classes that it extends
 * can be: no accessors, nothing that `Object` has, and nothing whose name begins with `_`.
 */
export interface ActorClass<T extends object = object> {
  new (actor: ActorContext): T;
  /** Settings of this type alone. */
  readonly actor?: ActorSettings;
}

/** By the types that callers know them by, or a list of classes under their own names (which minifiers change). */
export type ActorClasses = Readonly<Record<string, ActorClass>> | readonly ActorClass[];

/** A method of an instance. */
// biome-ignore lint/suspicious/noExplicitAny: called with whatever a caller sends
export type Method = (this: object, ...args: any[]) => unknown;

const hooks: ReadonlySet<string> = new Set(["constructor", "onActivate", "onDeactivate", "onReminder"]);

/** What callers may call, by name. */
export function callableMethods(type: ActorClass): ReadonlyMap<string, Method> {
  const methods = new Map<string, Method>();
  const end = Object.prototype;
  for (let prototype = type.prototype; prototype && prototype !== end; ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      const barred = hooks.has(name) || name.startsWith("_") || name in end;
      if (typeof value === "function" && !barred && !methods.has(name)) methods.set(name, value as Method);
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return methods;
}

/** The classes by type. Throws TypeError for what is no class, and for one without a name. */
export function namedClasses(classes: ActorClasses): ReadonlyMap<string, ActorClass> {
  const list = Array.isArray(classes) ? (classes as readonly ActorClass[]) : undefined;
  const entries: readonly (readonly [string, ActorClass])[] =
    list?.map((one) => [one?.name ?? "", one] as const) ??
    Object.entries(classes as Readonly<Record<string, ActorClass>>);
  const named = new Map<string, ActorClass>();
  for (const [type, one] of entries) {
    if (typeof one !== "function") throw new TypeError(`actors: ${type || "an entry"} is no class`);
    if (type === "") throw new TypeError("actors: a class has no name; give { Name: class { … } }");
    if (named.has(type)) throw new TypeError(`actors: two classes are called ${type}`);
    named.set(type, one);
  }
  return named;
}
