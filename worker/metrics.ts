/// <reference path="./prom-client-registry.d.ts" />
import type { Platform } from "../host/platform.ts";
import type { Metrics } from "../host/telemetry/metrics/metrics-settings.ts";
import { prometheusLines } from "../host/telemetry/metrics/prometheus-lines.ts";
import { RuntimeMeters } from "../host/telemetry/metrics/runtime-meters.ts";
import { isLoopback } from "./addresses.ts";
import { INTERNAL } from "./messages.ts";

/** Dapr's own, when it is given none. */
const METRICS_PORT = "9090";

/** What the apps of one scope do, counted while its worker lives. */
export interface ScopeMetrics {
  /** For a runtime that starts; undefined where its Configuration turns metrics off. */
  readonly of: (appId: string, namespace: string, settings?: Metrics) => RuntimeMeters | undefined;
  /** Answers `http://localhost:9090/metrics` and `<scope>__daprlet/metrics`, and nothing else. */
  readonly scrape: (request: Pick<Request, "url" | "method">) => Promise<Response> | undefined;
}

/** An option of workers that a site composes or attaches: `sw.js`, which every site loads, measures nothing. */
export function metrics(scope: string, platform: Platform): ScopeMetrics {
  const { clock, log } = platform;
  const own = new URL(`${INTERNAL}metrics`, scope);
  const apps = new Map<string, RuntimeMeters>();
  const isRead = (url: URL) =>
    url.origin === own.origin
      ? url.pathname === own.pathname
      : url.port === METRICS_PORT && url.pathname === "/metrics" && isLoopback(url);
  return {
    of(appId, namespace, settings = {}) {
      apps.delete(appId);
      if (settings.enabled === false) return undefined;
      const meters = new RuntimeMeters({ appId, namespace, settings, clock, log });
      apps.set(appId, meters);
      return meters;
    },
    scrape({ url, method }) {
      return isRead(new URL(url)) ? read(method, [...apps.values()]) : undefined;
    },
  };
}

async function read(method: string, apps: readonly RuntimeMeters[]): Promise<Response> {
  if (method !== "GET" && method !== "HEAD")
    return new Response("metrics are read with GET", { status: 405, headers: { allow: "GET, HEAD" } });
  // Part of the script, and not run before somebody reads.
  const { default: Registry } = await import("prom-client/lib/registry.js");
  const all = apps.flatMap((meters) => meters.text);
  const text = await prometheusLines(all, Registry);
  const headers = {
    "content-type": Registry.PROMETHEUS_CONTENT_TYPE,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
  return new Response(method === "HEAD" ? null : text, { headers });
}
