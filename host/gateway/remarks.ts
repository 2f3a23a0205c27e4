import { isLoopback } from "../security/cleartext.ts";
import {
  type AppRow,
  accesses,
  type GatewayTable,
  none16,
  schemes,
  type UpstreamRow,
} from "./table-shape.ts";

/** Names of headers whose value most often is a secret. */
const secretive = /^(?:authorization|proxy-authorization|cookie)$|token|secret|password|api-?key/;

function aboutUpstream(id: string, upstream: UpstreamRow, { secrets }: GatewayTable): readonly string[] {
  const { scheme, host, authority, headers, token } = upstream;
  const sent = [token, ...headers.map(({ secret }) => secret)].filter((index) => index !== none16);
  const names = sent.map((index) => secrets[index]?.variable).join(", ");
  const clear = scheme === schemes.http && !isLoopback(host) && sent.length > 0;
  const where = `${id}: http://${authority} is sent what is in ${names}`;
  return [
    ...(clear ? [`${where} in clear text, for anybody on the way to read; use https://`] : []),
    ...headers
      .filter(({ name, secret }) => secret === none16 && secretive.test(name))
      .map(
        ({ name }) => `${id}: the value of ${name} stands in the file, for anybody who has it; use envRef`,
      ),
  ];
}

/** Sentences about what works, and is most often not meant. */
export function remarksOn(table: GatewayTable): readonly string[] {
  const { listenAddress, apiToken, callers, access, apps, sites, remotes, actors } = table;
  const members = actors.flatMap((each) => each.members);
  const open = apiToken === none16 && callers.length === 0;
  return [
    ...(open && !isLoopback(listenAddress)
      ? [`anybody who reaches ${listenAddress} may call it; set spec.apiToken: {envRef: …}`]
      : []),
    ...(access !== accesses.off && open
      ? [
          "access control knows callers by their tokens alone, and there are none: all are the gateway itself to it",
        ]
      : []),
    ...[...apps, ...sites, ...remotes, ...members].flatMap(({ id, upstreams }: AppRow) =>
      upstreams.flatMap((upstream) => aboutUpstream(id, upstream, table)),
    ),
  ];
}
