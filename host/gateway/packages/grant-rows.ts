import { phrases } from "../../capability/grants.ts";
import type { Needs } from "../../capability/manifest.ts";
import { noNeeds } from "../../capability/read-needs.ts";
import { upstreamRow } from "../compile-upstream.ts";
import { SecretTable } from "../secret-table.ts";
import { type GuestRow, none16 } from "../table-shape.ts";

/** What a package may ask the gateway for, as the gateway compares it. Throws where that is nothing a gateway does. */
export function grantRows(
  granted: Needs,
): Pick<GuestRow, "stores" | "preparedKeys" | "topics" | "apps" | "origins"> {
  const { state, publish, invoke, fetch, clock, random, rewrite, ...others } = granted;
  const [beyond] = phrases({ ...noNeeds, ...others });
  if (beyond !== undefined)
    throw new Error(
      `it is granted to ${beyond}, which packages of a gateway cannot: leave it out of its grants`,
    );
  return {
    stores: state.map(({ store, access, keys }) => ({
      store,
      keys: keys ?? "",
      isOwn: keys === undefined ? 1 : 0,
      writes: access === "write" ? 1 : 0,
    })),
    preparedKeys: state.flatMap(({ store, prepared }) =>
      prepared.map((key) => ({ store, key, field: `:state.${key}` })),
    ),
    topics: publish.flatMap(({ pubsub, topics }) => topics.map((topic) => ({ pubsub, topic }))),
    apps: invoke.flatMap(({ app, methods }) =>
      methods === undefined
        ? [{ app, method: "", any: 1 }]
        : methods.map((method) => ({ app, method, any: 0 })),
    ),
    origins: fetch.map((origin) => ({ origin, places: [placeOf(origin)] })),
  };
}

/** An origin, through the host's client: a guest has no connections of the gateway's. */
function placeOf(origin: string): GuestRow["origins"][number]["places"][number] {
  const setting = {
    url: origin,
    protocol: "plain",
    transport: "outgoing",
    token: undefined,
    headers: [],
    weight: 1,
    priority: 0,
    region: "",
  } as const;
  return { id: "", upstreams: [upstreamRow(setting, new SecretTable())], policy: none16, anyNamespace: 0 };
}
