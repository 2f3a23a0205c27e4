import type { Actors } from "../host/actors/actors.ts";
import type { PlacementLink } from "../host/actors/placement/placement-link.ts";
import type { Registry } from "../host/components/registry.ts";
import type { SubscriptionRecords } from "../host/configuration-subscriptions.ts";
import type { Core } from "../host/core/core.ts";
import type { RelayConnections } from "../host/mesh/relay-connection.ts";
import type { Transport } from "../host/mesh/transport.ts";
import type { Platform } from "../host/platform.ts";
import type { Resources } from "../host/resources/resources.ts";
import type { RuntimeOptions } from "../host/runtime.ts";
import type { Sidecar } from "../host/sidecar.ts";
import type { Rules } from "../host/subscriptions/rules/rules.ts";
import type { ScopeCapabilities } from "./capability/scope-capabilities.ts";
import type { Registration, RelaySettings } from "./messages.ts";
import type { ScopeMetrics } from "./metrics.ts";

export interface SidecarsOptions {
  readonly platform: Platform;
  /** A fresh core for each runtime. */
  readonly core: () => Promise<Core>;
  readonly registry: Registry;
  readonly rules: Rules | undefined;
  readonly relays: RelayConnections;
  /** Further ways to other instances of the scope, one for each runtime. */
  readonly transports?: () => readonly Transport[];
  /** As those of a runtime, with the way to the coordinator of the relay that the app is on. Left out, the API says that it has none. */
  readonly actors?: (sidecar: Sidecar, instance: string, relay: PlacementLink | undefined) => Actors;
  /** What an app's runtime is measured by; left out, nothing is. */
  readonly meters?: ScopeMetrics["of"] | undefined;
  /** The packages of an app; left out, it has none. */
  readonly capabilities?: ScopeCapabilities["of"] | undefined;
  /** As whom an app on a relay is known there, over all lives of its runtime; left out or undefined, over one. */
  readonly identity?: (appId: string) => Promise<RuntimeOptions["identity"]>;
  /** What an app gets that names no components. */
  readonly defaults: (relay: RelaySettings | undefined) => Resources;
  /** Where an app's subscriptions to configuration outlive its runtime; left out in page mode. */
  readonly subscriptionRecords?: (appId: string) => SubscriptionRecords;
  /** Keeps what an app has become by itself; left out where nothing outlives the page. */
  readonly keep?: (registration: Registration) => void;
}
