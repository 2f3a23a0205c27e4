import { phrases } from "./grants.ts";
import type { Needs } from "./manifest.ts";
import { noNeeds } from "./read-needs.ts";

/** One thing that a package asks for, to be granted or refused by itself. */
export interface Ask {
  /** What a person is asked: `publish pictures on pubsub`. */
  readonly phrase: string;
  readonly needs: Needs;
}

/** All that is asked for, one by one. */
export function asksOf({ state, publish, subscribe, invoke, fetch, ...others }: Needs): readonly Ask[] {
  const { bindings, timers, processes, containers, hosts, actors, clock, random, rewrite } = others;
  const some: readonly Partial<Needs>[] = [
    ...state.map((one) => ({ state: [one] })),
    ...publish.flatMap(({ pubsub, topics }) =>
      topics.map((one) => ({ publish: [{ pubsub, topics: [one] }] })),
    ),
    ...subscribe.flatMap(({ pubsub, topics }) =>
      topics.map((one) => ({ subscribe: [{ pubsub, topics: [one] }] })),
    ),
    ...bindings.map((one) => ({ bindings: [one] })),
    ...(timers ? [{ timers }] : []),
    ...processes.map((one) => ({ processes: [one] })),
    ...containers.map((one) => ({ containers: [one] })),
    ...invoke.flatMap(({ app, methods }) => {
      const each = methods?.map((one) => [one]) ?? [undefined];
      return each.map((methods) => ({ invoke: [{ app, methods }] }));
    }),
    ...hosts.map((one) => ({ hosts: [one] })),
    ...actors.map((one) => ({ actors: [one] })),
    ...fetch.map((origin) => ({ fetch: [origin] })),
    ...(clock ? [{ clock }] : []),
    ...(random ? [{ random }] : []),
    ...(rewrite ? [{ rewrite }] : []),
  ];
  return some.map((one) => {
    const needs = { ...noNeeds, ...one };
    return { phrase: phrases(needs).join(", "), needs };
  });
}

/** These together, as `grants.yaml` has them. */
export function granting(asks: readonly Ask[]): Needs {
  const all = asks.map(({ needs }) => needs);
  return {
    state: all.flatMap(({ state }) => state),
    publish: all.flatMap(({ publish }) => publish),
    subscribe: all.flatMap(({ subscribe }) => subscribe),
    bindings: all.flatMap(({ bindings }) => bindings),
    timers: all.some(({ timers }) => timers),
    processes: all.flatMap(({ processes }) => processes),
    containers: all.flatMap(({ containers }) => containers),
    invoke: all.flatMap(({ invoke }) => invoke),
    hosts: all.flatMap(({ hosts }) => hosts),
    actors: all.flatMap(({ actors }) => actors),
    fetch: all.flatMap(({ fetch }) => fetch),
    clock: all.some(({ clock }) => clock),
    random: all.some(({ random }) => random),
    rewrite: all.some(({ rewrite }) => rewrite),
  };
}
