import type { PlacementState } from "../actors/placement/placement-state.ts";
import { upstreamRow } from "./compile-upstream.ts";
import type { ActorSettings, GatewayResource, UpstreamSetting } from "./gateway-resource.ts";
import type { SecretTable } from "./secret-table.ts";
import { compareBytes } from "./table.ts";
import { type AppRow, none16, type PlacementRow } from "./table-shape.ts";

const utf8 = new TextEncoder();

/** The table that the members are, as a placement service would tell it: a gateway has one reader for all. */
function bakedTable({ members, from, points }: ActorSettings, namespace: string): Uint8Array {
  if (from !== undefined) return new Uint8Array(0);
  const hostList = members.map(({ name, types }) => ({
    name,
    namespace,
    appId: "",
    actorTypes: types,
  }));
  const state: PlacementState = { hostList, replicationFactor: points, tableVersion: 0 };
  return utf8.encode(JSON.stringify(state));
}

/** Where owners of actors are found; whoever is asked for that is one more of `remotes`. */
export function actorRows(
  { name, namespace, actors }: GatewayResource,
  secrets: SecretTable,
  remotes: readonly AppRow[],
): { readonly actors: readonly PlacementRow[]; readonly remotes: readonly AppRow[] } {
  if (actors === undefined) return { actors: [], remotes };
  const { from, members, points, maxAgeMs, token } = actors;
  const place = (id: string, upstreams: readonly UpstreamSetting[]): AppRow => ({
    id,
    upstreams: upstreams.map((each) => upstreamRow(each, secrets)),
    policy: none16,
    anyNamespace: 0,
  });
  const asked = from === undefined || "file" in from ? undefined : from;
  const source = asked === undefined ? none16 : remotes.length;
  const row: PlacementRow = {
    baked: bakedTable(actors, namespace),
    file: from !== undefined && "file" in from ? from.file : "",
    members: members
      .map((member) => ({ key: utf8.encode(member.name), row: place(member.name, [member.upstream]) }))
      .sort((a, b) => compareBytes(a.key, b.key))
      .map((member) => member.row),
    points,
    maxAge: maxAgeMs,
    source,
    // A sidecar that is asked for the table passes calls on as well; a placement service does not.
    onward: asked?.protocol === "sidecar" ? source : none16,
    token: secrets.index(token),
  };
  return { actors: [row], remotes: asked === undefined ? remotes : [...remotes, place(name, [asked])] };
}
