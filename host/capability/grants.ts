import {
  type CapabilityManifest,
  highestLimits,
  type InvokeNeed,
  type Limits,
  type Needs,
  type StateNeed,
  type TopicsNeed,
} from "./manifest.ts";
import { Field } from "./manifest-reader.ts";
import { noNeeds, readNeeds } from "./read-needs.ts";

/** What a user lets one package have. */
export interface Grant {
  /** `all`: whatever its manifest asks for. */
  readonly needs: Needs | "all";
  /** Instead of the manifest's. */
  readonly limits: Partial<Limits>;
  /** Which sources of its offers come first, whatever their order in the manifest. */
  readonly prefer?: Preference | undefined;
}

export type Preference = "local" | "remote";

/** By the name of the package. */
export type Grants = ReadonlyMap<string, Grant>;

/** What a package may do: what it asked for, as far as it was granted. */
export interface Authority {
  readonly granted: Needs;
  /** What it asked for in vain, one sentence each. */
  readonly refused: readonly string[];
  readonly limits: Limits;
  readonly prefer?: Preference | undefined;
}

const limitNames = Object.keys(highestLimits) as readonly (keyof Limits)[];

function readLimits(field: Field): Partial<Limits> {
  if (field.missing) return {};
  field.only(...limitNames);
  const given = limitNames.filter((name) => !field.member(name).missing);
  const read = (name: keyof Limits) =>
    name === "memory" || name === "answer"
      ? field.member(name).size(0, Number.MAX_SAFE_INTEGER)
      : field.member(name).count(0, 2 ** 31 - 1);
  return Object.fromEntries(given.map((name) => [name, read(name)]));
}

/**
 * What `grants.yaml` says: for each package `all`, or what of its needs it gets, written as they are, `limits`, and `prefer`: which sources come first. Throws a
 * ManifestError that names the field.
 */
export function readGrants(value: unknown, source: string): Grants {
  const root = new Field(source, [], value ?? {});
  return new Map(
    Object.keys(root.fields()).map((name): [string, Grant] => {
      const field = root.member(name);
      if (field.value === "all") return [name, { needs: "all", limits: {} }];
      const { limits, all, prefer, ...needs } = field.fields();
      const everything = field.member("all").flag();
      if (everything && Object.keys(needs).length > 0) field.fail("is all, or a list of needs, not both");
      return [
        name,
        {
          needs: everything ? "all" : readNeeds(new Field(source, [name], needs)),
          limits: readLimits(field.member("limits")),
          prefer: prefer === undefined ? undefined : field.member("prefer").oneOf(["local", "remote"]),
        },
      ];
    }),
  );
}

function stateGranted(need: StateNeed, given: readonly StateNeed[]): StateNeed | undefined {
  const fitting = given.filter(({ store, keys }) => {
    if (store !== need.store) return false;
    return need.keys === undefined ? keys === undefined : keys !== undefined && need.keys.startsWith(keys);
  });
  if (fitting.length === 0) return undefined;
  const write = need.access === "write" && fitting.some(({ access }) => access === "write");
  return { ...need, access: write ? "write" : "read" };
}

function topicsGranted({ pubsub, topics }: TopicsNeed, given: readonly TopicsNeed[]): TopicsNeed {
  const allowed = given.filter((one) => one.pubsub === pubsub).flatMap((one) => one.topics);
  return { pubsub, topics: topics.filter((topic) => allowed.includes(topic)) };
}

function invokeGranted(need: InvokeNeed, given: readonly InvokeNeed[]): InvokeNeed | undefined {
  const fitting = given.filter(({ app }) => app === need.app);
  if (fitting.length === 0) return undefined;
  if (fitting.some(({ methods }) => methods === undefined)) return need;
  const allowed = fitting.flatMap(({ methods }) => methods ?? []);
  return { app: need.app, methods: need.methods?.filter((method) => allowed.includes(method)) ?? allowed };
}

function within(asked: Needs, given: Needs): Needs {
  const granted = (some: readonly TopicsNeed[], allowed: readonly TopicsNeed[]) =>
    some.map((need) => topicsGranted(need, allowed)).filter(({ topics }) => topics.length > 0);
  return {
    state: asked.state.flatMap((need) => stateGranted(need, given.state) ?? []),
    publish: granted(asked.publish, given.publish),
    subscribe: granted(asked.subscribe, given.subscribe),
    bindings: asked.bindings.filter((name) => given.bindings.includes(name)),
    timers: asked.timers && given.timers,
    processes: asked.processes.filter((command) => given.processes.includes(command)),
    containers: asked.containers.filter((image) => given.containers.includes(image)),
    invoke: asked.invoke.flatMap((need) => invokeGranted(need, given.invoke) ?? []),
    hosts: asked.hosts.filter((type) => given.hosts.includes(type)),
    actors: asked.actors.filter((type) => given.actors.includes(type)),
    fetch: asked.fetch.filter((origin) => given.fetch.includes(origin)),
    clock: asked.clock && given.clock,
    random: asked.random && given.random,
    rewrite: asked.rewrite && given.rewrite,
  };
}

/** Needs, one phrase each: what a person is asked, and told. */
export function phrases(needs: Needs): readonly string[] {
  return [
    ...needs.state.map(({ store, access, keys }) => {
      const whose =
        keys === undefined ? "keys of its own" : keys === "" ? "all keys" : `the app's keys ${keys}*`;
      return `${access} ${whose} in state store ${store}`;
    }),
    ...needs.publish.flatMap(({ pubsub, topics }) => topics.map((topic) => `publish ${topic} on ${pubsub}`)),
    ...needs.subscribe.flatMap(({ pubsub, topics }) =>
      topics.map((topic) => `receive ${topic} of ${pubsub}`),
    ),
    ...needs.bindings.map((name) => `receive the events of binding ${name}`),
    ...(needs.timers ? ["call its functions by timers"] : []),
    ...needs.processes.map(
      (command) => `run ${command} as a program of this machine, which nothing confines`,
    ),
    ...needs.containers.map((image) => `run the container ${image} on this machine, with its network`),
    ...needs.invoke.flatMap(({ app, methods }) =>
      methods === undefined ? [`invoke ${app}`] : methods.map((method) => `invoke ${method} of ${app}`),
    ),
    ...needs.hosts.map((type) => `be the actors of type ${type}, and keep their state`),
    ...needs.actors.map((type) => `call actors of type ${type}`),
    ...needs.fetch.map((origin) => `fetch from ${origin}`),
    ...(needs.clock ? ["read the clock"] : []),
    ...(needs.random ? ["get random numbers"] : []),
    ...(needs.rewrite ? ["send requests that pass it elsewhere"] : []),
  ];
}

/** What the package may do. Nothing that it did not ask for, nothing that was not granted. */
export function authorityOf({ needs, limits }: CapabilityManifest, grant: Grant | undefined): Authority {
  const given = grant?.needs ?? noNeeds;
  const granted = given === "all" ? needs : within(needs, given);
  const had = phrases(granted);
  return {
    granted,
    refused: phrases(needs).filter((phrase) => !had.includes(phrase)),
    limits: { ...limits, ...grant?.limits },
    prefer: grant?.prefer,
  };
}
