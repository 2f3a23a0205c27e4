import { compareBytes } from "../../host/gateway/table.ts";
import {
  type AppRow,
  type GatewayTable,
  none16,
  type PubSubRow,
  type StoreRow,
  type UpstreamRow,
} from "../../host/gateway/table-shape.ts";

/** An upstream on this machine, but for what is given. */
export function upstreamRow(given: Partial<UpstreamRow> = {}): UpstreamRow {
  const port = given.port ?? 80;
  const host = given.host ?? "127.0.0.1";
  return {
    host,
    authority: port === 80 ? host : `${host}:${port}`,
    address: new Uint8Array([127, 0, 0, 1]),
    path: "",
    region: "",
    headers: [],
    port,
    weight: 1,
    token: none16,
    scheme: 0,
    protocol: 0,
    transport: 0,
    priority: 0,
    ...given,
  };
}

export function appRow(id: string, upstreams: readonly UpstreamRow[]): AppRow {
  return { id, upstreams, policy: none16, anyNamespace: 0 };
}

/** A store in the gateway's folder, with the caller's id before its keys, but for what is given. */
export function storeRow(name: string, given: Partial<StoreRow> = {}): StoreRow {
  return { name, folder: name, component: "", prefix: "", remote: none16, isApps: 1, guests: [], ...given };
}

export function pubsubRow(name: string, remote: number, given: Partial<PubSubRow> = {}): PubSubRow {
  return { name, component: name, remote, spoolBytes: 0, spoolEvents: 0, ...given };
}

const utf8 = new TextEncoder();
const sorted = (rows: readonly AppRow[]) =>
  [...rows].sort((a, b) => compareBytes(utf8.encode(a.id), utf8.encode(b.id)));

/** What a gateway is told, for tests of the gateway itself; `gateway.yaml` has tests of its own. */
export function gatewayTable(given: Partial<GatewayTable> = {}): GatewayTable {
  return {
    flags: 0,
    appId: "gateway",
    namespace: "default",
    region: "",
    secrets: [],
    stores: [],
    remotes: [],
    pubsubs: [],
    actors: [],
    folder: "",
    listenAddress: "127.0.0.1",
    listenPort: 3500,
    maxBody: 4 << 20,
    maxHeaders: 0,
    timeout: 60_000,
    connectTimeout: 5_000,
    maxHops: 8,
    apiToken: none16,
    callers: [],
    hosts: ["localhost", "127.0.0.1", "[::1]"].map((text) => ({ text })),
    origins: [],
    anyAddress: 0,
    anyHost: 0,
    anyOrigin: 0,
    blocks: [],
    trustDomain: "public",
    policies: new Uint8Array(0),
    rateHeader: "",
    rate: 0,
    burst: 0,
    rules: [],
    routes: [],
    secretStores: [],
    guests: [],
    middlewares: [],
    guestList: "",
    told: "",
    access: 0,
    rateBy: 0,
    ...given,
    apps: sorted(given.apps ?? []),
    sites: sorted(given.sites ?? []),
  };
}
