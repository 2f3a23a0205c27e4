import type { RuntimeMeters } from "../../telemetry/metrics/runtime-meters.ts";
import { browserPolicy, loopbackAddresses } from "../browser-policy.ts";
import { type HttpServer, listen, type ServerOptions } from "../server.ts";
import type { SidecarOptions } from "../sidecar-options.ts";
import { metricsHandler } from "./metrics-handler.ts";

/** The door that Prometheus reads at: no token, no page of another origin. */
export function listenForScrapes(
  meters: RuntimeMeters,
  { metrics = {}, allowedHosts }: SidecarOptions,
  door: Omit<ServerOptions, "port">,
): Promise<HttpServer> {
  const { port = 0, preferredPort, listenAddresses: addresses = loopbackAddresses } = metrics;
  return listen({
    ...door,
    addresses,
    policy: browserPolicy({ ...(allowedHosts && { allowedHosts }) }, addresses),
    apiToken: undefined,
    port,
    preferredPort,
    portSwitch: "--metrics-port",
    handle: metricsHandler(() => meters.text),
  });
}
