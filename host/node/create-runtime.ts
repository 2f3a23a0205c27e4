import type { AppChannel } from "../channel/app-channel.ts";
import type { Registry } from "../components/registry.ts";
import { FakeClock } from "../fake-clock.ts";
import type { Transport } from "../mesh/transport.ts";
import type { Clock, Log, Platform } from "../platform.ts";
import type { ComponentResource } from "../resources/component.ts";
import { Runtime } from "../runtime.ts";
import { consoleLog, webPlatform } from "../web-platform.ts";
import { nodeCore } from "./core-module.ts";

export interface CreateRuntimeOptions {
  readonly appId?: string;
  readonly namespace?: string;
  readonly registry: Registry;
  readonly components?: readonly ComponentResource[];
  readonly app?: AppChannel;
  readonly transports?: readonly Transport[];
  readonly apiToken?: string;
  readonly strict?: boolean;
  /** Time stands still until the test moves it; pass `systemClock` for real time. */
  readonly clock?: Clock;
  readonly log?: Log;
}

/** A fresh, isolated sidecar in this process, for tests: its own components, its own clock. */
export async function createRuntime(options: CreateRuntimeOptions): Promise<Runtime> {
  const platform: Platform = {
    ...webPlatform(options.log ?? consoleLog("error", "daprlet")),
    clock: options.clock ?? new FakeClock(),
  };
  const runtime = new Runtime({
    appId: options.appId ?? "app",
    namespace: options.namespace ?? "default",
    host: "Node",
    core: nodeCore(),
    platform,
    registry: options.registry,
    components: options.components ?? [],
    relays: {
      open: () => Promise.reject(new Error("no relay in this runtime")),
    },
    transports: options.transports ?? [],
    app: options.app,
    apiToken: options.apiToken,
    maxBodySize: 4 << 20,
    strict: options.strict ?? false,
    extended: new Map(),
    shutdown: () => undefined,
  });
  await runtime.start();
  return runtime;
}
