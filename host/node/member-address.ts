import { isLoopback } from "../security/cleartext.ts";
import { loopbackAddresses } from "./browser-policy.ts";
import type { SidecarOptions } from "./sidecar-options.ts";

/** No address, but all that a machine has. */
const everywhere = /^(?:0\.0\.0\.0|\[?::\]?)$/;

/**
 * The URL that placement tells of this sidecar, by which gateways call it: where it listens, if that is one place, and
 * means the same to whoever is told. On a relay of another machine, this machine's loopback does not. `doors`: until it listens.
 */
export async function memberAddress(
  { listenAddresses = loopbackAddresses, certificate, relay }: SidecarOptions,
  doors: Promise<unknown>,
  servers: readonly { readonly port: number }[],
): Promise<string | undefined> {
  const [address] = listenAddresses;
  await doors.catch(() => undefined);
  const port = servers[0]?.port;
  if (port === undefined || address === undefined || everywhere.test(address)) return undefined;
  if (isLoopback(address) && relay !== undefined && !isLoopback(new URL(relay).hostname)) return undefined;
  const host = address.includes(":") ? `[${address}]` : address;
  return `${certificate === undefined ? "http" : "https"}://${host}:${port}`;
}
