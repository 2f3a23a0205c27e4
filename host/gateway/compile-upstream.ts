import type { UpstreamSetting } from "./gateway-resource.ts";
import type { SecretTable } from "./secret-table.ts";
import { type HeaderRow, none16, protocols, schemes, transports, type UpstreamRow } from "./table-shape.ts";

const ports: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** The bytes of a host that is an address; none for a name. `localhost` is one: nothing else answers for it. */
function addressBytes(host: string): Uint8Array {
  if (host === "localhost") return Uint8Array.of(127, 0, 0, 1);
  if (/^\d+(?:\.\d+){3}$/.test(host)) return Uint8Array.from(host.split("."), Number);
  if (!host.includes(":")) return new Uint8Array(0);
  // The parser of URLs has written it in one form: groups of hexadecimal digits, and one gap at most.
  const [before = "", after] = host.split("::");
  const groups = (part: string) => part.split(":").filter((group) => group !== "");
  const last = after === undefined ? [] : groups(after);
  const first = groups(before);
  const all = [...first, ...Array<string>(8 - first.length - last.length).fill("0"), ...last];
  return Uint8Array.from(
    all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
  );
}

function headerRow({ name, value }: UpstreamSetting["headers"][number], secrets: SecretTable): HeaderRow {
  if (typeof value === "string") return { name, value, secret: none16 };
  return { name, value: "", secret: secrets.index(value) };
}

/** An upstream as the gateway reads it. */
export function upstreamRow(setting: UpstreamSetting, secrets: SecretTable): UpstreamRow {
  const { protocol, hostname, host, port, pathname } = new URL(setting.url);
  const name = hostname.replace(/^\[|\]$/g, "");
  return {
    host: name,
    authority: host,
    address: addressBytes(name),
    path: pathname.replace(/\/+$/, ""),
    region: setting.region,
    headers: setting.headers.map((header) => headerRow(header, secrets)),
    port: port === "" ? (ports[protocol] as number) : Number(port),
    weight: setting.weight,
    token: secrets.index(setting.token),
    scheme: protocol === "https:" ? schemes.https : schemes.http,
    protocol: protocols[setting.protocol],
    transport: transports[setting.transport],
    priority: setting.priority,
  };
}
