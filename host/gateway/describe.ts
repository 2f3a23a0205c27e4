import type { AppRow, GatewayTable, UpstreamRow } from "./table-shape.ts";
import { accesses, flags, none16, protocols, rates, retries, schemes, transports } from "./table-shape.ts";

/** More are counted, and not listed. */
const MANY = 20;

/** Bytes, as people say them. */
export function shownSize(bytes: number): string {
  if (bytes === 0) return "no limit";
  if (bytes % (1 << 20) === 0) return `${bytes >> 20} MiB`;
  return bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} B`;
}

const shownTime = (ms: number) => (ms === 0 ? "no limit" : ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`);

const variable = (gateway: GatewayTable, index: number) => gateway.secrets[index]?.variable;

/** Values of headers are not shown: a file may hold what was better kept out of it. */
function upstreamLine(gateway: GatewayTable, upstream: UpstreamRow): string {
  const { scheme, authority, path, protocol, transport, weight, priority, headers, token } = upstream;
  const notes = [
    protocol === protocols.sidecar ? "sidecar" : "",
    scheme === schemes.http && transport === transports.outgoing ? "through the host's client" : "",
    weight === 1 ? "" : `weight ${weight}`,
    priority === 0 ? "" : `priority ${priority}`,
    upstream.region !== "" ? `region ${upstream.region}` : "",
    token === none16 ? "" : `token from ${variable(gateway, token)}`,
    ...headers.map(({ name, secret }) => {
      return secret === none16 ? `sets ${name}` : `sets ${name} from ${variable(gateway, secret)}`;
    }),
  ].filter((note) => note !== "");
  const url = `${scheme === schemes.https ? "https" : "http"}://${authority}${path}`;
  return notes.length === 0 ? url : `${url} (${notes.join(", ")})`;
}

function targetLines(gateway: GatewayTable, rows: readonly AppRow[]): readonly string[] {
  const width = Math.max(...rows.map(({ id }) => id.length));
  return rows.flatMap(({ id, upstreams }) =>
    upstreams.map(
      (upstream, i) => `  ${(i === 0 ? id : "").padEnd(width)}  ${upstreamLine(gateway, upstream)}`,
    ),
  );
}

function callersLine(gateway: GatewayTable): string {
  const { apiToken, callers } = gateway;
  const token = variable(gateway, apiToken);
  const ids = [...new Set(callers.map(({ appId }) => appId))];
  const shown = ids.length > MANY ? `${ids.length} apps` : ids.join(", ");
  const known = [
    ...(token === undefined ? [] : [`with the API token that is in ${token}`]),
    ...(ids.length === 0 ? [] : [`by tokens of their own: ${shown}`]),
  ];
  return known.length === 0 ? "anybody who reaches it" : known.join("; ");
}

function rateLine({ rate, burst, rateBy, rateHeader }: GatewayTable): readonly string[] {
  if (rateBy === rates.off) return [];
  const whose =
    rateBy === rates.all ? "of all together" : rateBy === rates.caller ? "of a caller" : `by ${rateHeader}`;
  return [`rate      ${rate} requests a second ${whose}, ${burst} at once, in each instance`];
}

function namesLine(what: string, rows: GatewayTable["hosts"], any: number, more: readonly string[]) {
  const all = [...(any ? ["any"] : rows.map(({ text }) => text)), ...more];
  return all.length === 0 ? [] : [`${what.padEnd(9)} ${all.join(", ")}`];
}

function actorLines(gateway: GatewayTable): readonly string[] {
  return gateway.actors.flatMap(({ file, source, members, maxAge }) => {
    const [from] = gateway.remotes[source]?.upstreams ?? [];
    const told =
      from !== undefined
        ? `as ${upstreamLine(gateway, from)} tells`
        : file !== ""
          ? `as the file ${file} tells`
          : "in the file";
    const anew = from === undefined && file === "" ? "" : `, anew after ${shownTime(maxAge)}`;
    return [`actors    owners ${told}${anew}`, ...targetLines(gateway, members)];
  });
}

function policyLines({ rules, apps, sites }: GatewayTable): readonly string[] {
  return rules.map((rule, i) => {
    const whose = [...apps, ...sites].filter(({ policy }) => policy === i).map(({ id }) => id);
    const said = [
      ...(rule.timeout === 0 ? [] : [`timeout ${shownTime(rule.timeout)}`]),
      ...(rule.retry === retries.off
        ? []
        : [`${rule.retries === 0xffffffff ? "endless" : rule.retries} retries`]),
      ...(rule.breakerRequests === 0 ? [] : ["circuit breaker"]),
    ];
    return `policy    ${said.join(", ")}: ${whose.length > MANY ? `${whose.length} apps` : whose.join(", ")}`;
  });
}

function storeLines({ stores, folder }: GatewayTable): readonly string[] {
  const guests = stores.filter((row) => row.guests.length > 0);
  const inFolder = stores.filter((row) => row.remote === none16 && !guests.includes(row));
  const remote = stores.filter((row) => row.remote !== none16);
  const names = (rows: typeof stores) => rows.map(({ name }) => name).join(", ");
  return [
    ...(inFolder.length === 0 ? [] : [`stores    ${names(inFolder)}, in the folder ${folder}`]),
    ...(remote.length === 0 ? [] : [`stores    ${names(remote)}, of other sidecars`]),
    ...(guests.length === 0 ? [] : [`stores    ${names(guests)}, of packages`]),
  ];
}

function tellsLine(bits: number): readonly string[] {
  const told = [
    ...(bits & flags.serverTiming ? ["Server-Timing in answers"] : []),
    ...(bits & flags.metrics
      ? [`counters at /metrics${bits & flags.merged ? ", of all instances" : ""}`]
      : []),
  ];
  return told.length === 0 ? [] : [`tells     ${told.join(", ")}`];
}

function guestLines({ guests }: GatewayTable): readonly string[] {
  return guests.flatMap(({ name, operations, functions }) => [
    ...operations.map(({ method, segments }) => {
      const path = segments.map(({ text, takes }) => (takes ? `/{${text}}` : `/${text}`)).join("");
      return `package   ${name}: ${method} ${path}`;
    }),
    ...functions.map(({ text }) => `package   ${name}: function ${text}`),
  ]);
}

function passedLine({ middlewares }: GatewayTable): readonly string[] {
  const shown = middlewares.flatMap(({ guests }) => guests.map(({ name, type }) => `${name} (${type})`));
  return shown.length === 0 ? [] : [`passes    ${shown.join(", ")}`];
}

function pubsubText({ name, spoolBytes, spoolEvents }: GatewayTable["pubsubs"][number]): string {
  if (spoolEvents === 0) return name;
  return `${name} (keeps ${spoolEvents} events, ${shownSize(spoolBytes)}, while its sidecar is away)`;
}

/** What is inside, line by line; no secret and no value of a header. */
export function describeGateway(gateway: GatewayTable): readonly string[] {
  const { appId, namespace, region, apps, sites, secrets, folder, pubsubs } = gateway;
  const kept = gateway.flags & flags.spool ? `, in the folder ${folder}` : "";
  const limits = [
    `bodies ${shownSize(gateway.maxBody)}`,
    `headers ${shownSize(gateway.maxHeaders)}`,
    `requests ${shownTime(gateway.timeout)}`,
    `connecting ${shownTime(gateway.connectTimeout)}`,
    `${gateway.maxHops} hops`,
  ];
  return [
    `gateway   ${appId}`,
    `namespace ${namespace}`,
    ...(region === "" ? [] : [`region    ${region}`]),
    `listens   ${gateway.listenAddress}:${gateway.listenPort}`,
    `callers   ${callersLine(gateway)}`,
    ...namesLine("names", gateway.hosts, gateway.anyHost, gateway.anyAddress ? ["any address"] : []),
    ...namesLine("pages", gateway.origins, gateway.anyOrigin, []),
    ...rateLine(gateway),
    ...(gateway.access === accesses.off
      ? []
      : [
          `access    by policies; ${gateway.access === accesses.allow ? "allowed" : "denied"} where there is none`,
        ]),
    ...(gateway.blocks.length === 0
      ? []
      : [`api       ${gateway.blocks.length} operations are not to be called`]),
    `limits    ${limits.join(", ")}`,
    ...tellsLine(gateway.flags),
    ...(apps.length === 0 ? [] : ["apps", ...targetLines(gateway, apps)]),
    ...storeLines(gateway),
    ...(pubsubs.length === 0 ? [] : [`pubsubs   ${pubsubs.map(pubsubText).join(", ")}${kept}`]),
    ...actorLines(gateway),
    ...(sites.length === 0 ? [] : ["sites", ...targetLines(gateway, sites)]),
    ...gateway.routes.map(
      ({ path, app, strip }) => `route     /${path} to ${app}${strip ? ", without it" : ""}`,
    ),
    ...passedLine(gateway),
    ...guestLines(gateway),
    ...policyLines(gateway),
    ...gateway.secretStores.map(
      ({ name, prefix, guests }) =>
        `secrets   ${name}: ${guests.length > 0 ? "of a package" : `variables that begin with ${prefix}`}`,
    ),
    ...(secrets.length === 0
      ? []
      : [`reads     ${secrets.map((each) => each.variable).join(", ")} from the environment`]),
  ];
}
