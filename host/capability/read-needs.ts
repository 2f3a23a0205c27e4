import type { InvokeNeed, Needs, Offer, StateNeed, TopicsNeed } from "./manifest.ts";
import type { Field } from "./manifest-reader.ts";

export const noNeeds: Needs = {
  state: [],
  publish: [],
  subscribe: [],
  bindings: [],
  timers: false,
  processes: [],
  containers: [],
  invoke: [],
  hosts: [],
  actors: [],
  fetch: [],
  clock: false,
  random: false,
  rewrite: false,
};

function state(field: Field): StateNeed {
  field.only("store", "access", "keys", "prepared");
  const keys = field.member("keys");
  return {
    store: field.member("store").text("must name a state store"),
    access: field.member("access").oneOf(["read", "write"]),
    keys: typeof keys.value === "string" ? keys.value : keys.optionalText(),
    prepared: field
      .member("prepared")
      .items()
      .map((key) => key.text("must be a key")),
  };
}

function topics(field: Field): TopicsNeed {
  field.only("pubsub", "topics");
  const list = field.member("topics");
  if (list.items().length === 0) list.fail("must have at least one topic");
  return {
    pubsub: field.member("pubsub").text("must name a pub/sub component"),
    topics: list.items().map((topic) => topic.text("must be a topic")),
  };
}

function invoke(field: Field): InvokeNeed {
  field.only("app", "methods");
  const methods = field.member("methods");
  return {
    app: field.member("app").text("must be an app id"),
    methods: methods.missing ? undefined : methods.items().map((method) => method.text("must be a method")),
  };
}

/** An origin and nothing more: a path would look like a limit, and be none. */
function origin(field: Field): string {
  const expected = "must be an origin such as https://api.example.com";
  const text = field.text(expected);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.origin !== text)
    return field.fail(expected);
  return text;
}

/** What a manifest asks for, or a grant gives: both are written alike. */
export function readNeeds(field: Field): Needs {
  if (field.missing) return noNeeds;
  field.only(...(Object.keys(noNeeds) as readonly (keyof Needs)[]));
  const names = (member: "bindings" | "processes" | "containers" | "hosts" | "actors") =>
    field
      .member(member)
      .items()
      .map((one) => one.text());
  return {
    state: field.member("state").items().map(state),
    publish: field.member("publish").items().map(topics),
    subscribe: field.member("subscribe").items().map(topics),
    bindings: names("bindings"),
    timers: field.member("timers").flag(),
    processes: names("processes"),
    containers: names("containers"),
    invoke: field.member("invoke").items().map(invoke),
    hosts: names("hosts"),
    actors: names("actors"),
    fetch: field.member("fetch").items().map(origin),
    clock: field.member("clock").flag(),
    random: field.member("random").flag(),
    rewrite: field.member("rewrite").flag(),
  };
}

/** With what its offers need: where their requests go, whose events call them. It is asked for like all else. */
export function withOffers(needs: Needs, offers: readonly Offer[]): Needs {
  const sources = offers.flatMap((offer) => (offer.kind === "http" ? offer.sources : []));
  const origins = sources.flatMap((one) => (one.kind === "remote" ? new URL(one.url).origin : []));
  const images = sources.flatMap((one) => (one.kind === "container" ? one.image : []));
  const apps = sources.flatMap((one) => (one.kind === "app" ? one.app : []));
  const functions = offers.flatMap((offer) => (offer.kind === "function" ? offer : []));
  const asked = needs.invoke.map(({ app }) => app);
  const own = needs.state.filter(({ access, keys }) => access === "write" && keys === undefined);
  const joins = new Set(functions.flatMap(({ prerequisites }) => prerequisites?.store ?? []));
  return {
    ...needs,
    state: [
      ...needs.state,
      ...[...joins]
        .filter((store) => !own.some((one) => one.store === store))
        .map((store) => ({ store, access: "write" as const, keys: undefined, prepared: [] })),
    ],
    subscribe: [
      ...needs.subscribe,
      ...functions.flatMap(({ topics }) => topics).map(({ pubsub, topic }) => ({ pubsub, topics: [topic] })),
    ],
    bindings: [
      ...new Set([
        ...needs.bindings,
        ...functions.flatMap(({ bindings }) => bindings.map(({ binding }) => binding)),
      ]),
    ],
    timers: needs.timers || functions.some(({ timers }) => timers.length > 0),
    processes: [...new Set([...needs.processes, ...functions.flatMap((one) => one.process?.command ?? [])])],
    containers: [...new Set([...needs.containers, ...images])],
    hosts: [
      ...new Set([...needs.hosts, ...offers.flatMap((offer) => (offer.kind === "actor" ? offer.type : []))]),
    ],
    fetch: [...new Set([...needs.fetch, ...origins])],
    invoke: [
      ...needs.invoke,
      ...[...new Set(apps)].filter((app) => !asked.includes(app)).map((app) => ({ app, methods: undefined })),
    ],
  };
}
