import type { ActorHooks } from "./actor-class.ts";
import type { ActorSidecar } from "./actor-sidecar.ts";
import { decodePayload } from "./payload.ts";

/** An actor as its callers see it: every method that can be called, answering a promise. */
export type ActorProxy<T> = {
  readonly [M in keyof T as M extends string
    ? M extends keyof ActorHooks | `_${string}`
      ? never
      : // biome-ignore lint/suspicious/noExplicitAny: any method's arguments
        T[M] extends (...args: any[]) => unknown
        ? M
        : never
    : // biome-ignore lint/suspicious/noExplicitAny: any method's arguments
      never]: T[M] extends (...args: infer A extends any[]) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

/** Of a class that the caller does not have. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the actor takes and answers
export type AnyActor = Record<string, (...args: any[]) => any>;

/** Calls the actor by its methods' names. What it refuses is an `ActorError`. */
export function actorProxy<T>(
  sidecar: Pick<ActorSidecar, "invoke">,
  type: string,
  id: string,
  reentrancy: () => string | undefined,
): ActorProxy<T> {
  const call = async (method: string, args: readonly unknown[]) => {
    const answer = await sidecar.invoke(type, id, method, args, reentrancy());
    return decodePayload(answer.type, answer.body);
  };
  return new Proxy(Object.create(null), {
    // A promise that is resolved with it asks whether it is a promise itself.
    get: (_, name) =>
      typeof name === "symbol" || name === "then" ? undefined : (...args: unknown[]) => call(name, args),
  });
}
