import { hostname } from "node:os";
import type { Log } from "../../platform.ts";
import { type RelayServer, startRelay } from "../relay-server.ts";
import { Given, UsageError } from "./arguments.ts";
import { commandLog } from "./sidecar-options.ts";
import type { Terminal } from "./terminal.ts";

export interface RelayFlags {
  readonly port: string;
  readonly address?: string;
  readonly token?: string;
  readonly allowCleartext?: boolean;
  readonly allowedOrigins?: string;
  readonly allowedHosts?: string;
  readonly placement: string;
}

function names(list: string | undefined): readonly string[] {
  return (list ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** `daprlet relay`. Answers the exit code. */
export async function relay(flags: RelayFlags, terminal: Terminal): Promise<number> {
  const log = commandLog(new Given(), "relay", "readable", terminal.colour, terminal.err);
  if (!/^\d{1,5}$/.test(flags.port) || Number(flags.port) > 65_535) {
    throw new UsageError(`--port takes a port, not ${flags.port}`);
  }
  const { placement } = flags;
  if (placement !== "ring" && placement !== "rendezvous") {
    throw new UsageError(`--placement takes ring or rendezvous, not ${placement}`);
  }
  const asked = new Promise<void>((resolve) => terminal.onSignal(() => resolve()));
  const token = flags.token ?? terminal.environment.DAPRLET_RELAY_TOKEN;
  const server = await startRelay({
    port: Number(flags.port),
    ...(flags.address !== undefined && { address: flags.address }),
    ...(token !== undefined && token !== "" && { token }),
    allowCleartext: flags.allowCleartext ?? false,
    origins: names(flags.allowedOrigins),
    allowedHosts: names(flags.allowedHosts),
    placementScheme: placement,
    log,
  });
  // Where it listens on every address, members need one that leads here.
  const url = /^(?:0\.0\.0\.0|::)$/.test(flags.address ?? "")
    ? `ws://${hostname()}:${server.port}`
    : server.url;
  terminal.out(`the relay is at ${url}; join it with --relay ${url}, or in a page with relay: "${url}"`);
  await asked;
  await server.close();
  return 0;
}

/** A relay for `run --relay <port|url>`: one of its own on a port, or the one that is there already. */
export async function relayFor(
  target: string,
  token: string | undefined,
  log: Log,
): Promise<{ readonly url: string; readonly own: RelayServer | undefined }> {
  if (!/^\d+$/.test(target)) return { url: target, own: undefined };
  try {
    const own = await startRelay({ port: Number(target), ...(token !== undefined && { token }), log });
    log.info(`the relay is at ${own.url}`);
    return { url: own.url, own };
  } catch (error) {
    if (!/taken by another program/.test((error as Error).message)) throw error;
    const url = `ws://127.0.0.1:${target}`;
    log.info(`port ${target} is taken: joining the relay that is there, ${url}`);
    return { url, own: undefined };
  }
}
