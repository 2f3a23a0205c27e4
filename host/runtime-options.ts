import type { Actors } from "./actors/actors.ts";
import type { Capabilities } from "./capability/capabilities.ts";
import type { AppChannel } from "./channel/app-channel.ts";
import type { Registry } from "./components/registry.ts";
import type { SubscriptionRecords } from "./configuration-subscriptions.ts";
import type { Core } from "./core/core.ts";
import type { RelayConnections } from "./mesh/relay-connection.ts";
import type { Member, Transport } from "./mesh/transport.ts";
import type { Platform } from "./platform.ts";
import type { Resources } from "./resources/resources.ts";
import type { Asking, Sidecar } from "./sidecar.ts";
import type { Rules } from "./subscriptions/rules/rules.ts";
import type { Meters } from "./telemetry/metrics/meters.ts";

/** What a host makes a runtime of. */
export interface RuntimeOptions {
  readonly appId: string;
  /** Undefined where the host was given none: other instances know it as `default` then. */
  readonly namespace: string | undefined;
  /** What the host calls itself in errors and metadata: `Node`, `a page`. */
  readonly host: string;
  readonly core: Core;
  readonly platform: Platform;
  readonly registry: Registry;
  /** What routing rules are written in; undefined where it was left out. */
  readonly rules: Rules | undefined;
  readonly resources: Resources;
  readonly relays: RelayConnections;
  readonly transports: readonly Transport[];
  readonly app: AppChannel | undefined;
  /** When set, every request but the health ones must carry it in `dapr-api-token`. */
  readonly apiToken: string | undefined;
  /** Bytes. */
  readonly maxBodySize: number;
  readonly strict: boolean;
  /** Initial `extended` of metadata. */
  readonly extended: ReadonlyMap<string, string>;
  /** What POST /v1.0/shutdown does, once it has been answered. */
  shutdown(force: boolean): void;
  /** Told of resources of an update that are all open, be it after several attempts. */
  allOpen?(resources: Resources): void;
  /** Where subscriptions to configuration outlive the runtime; left out where they end with it, as daprd's do. */
  readonly subscriptionRecords?: SubscriptionRecords | undefined;
  readonly asking?: Asking | undefined;
  /** As whom other instances know it, where that outlives the runtime; made anew when left out. */
  readonly identity?: Pick<Member, "instance" | "secret"> | undefined;
  /**
   * The actors of a sidecar, which other instances know under that name; left out, the API says that it has none. `app` is
   * the sidecar's, but for what its pipeline does.
   */
  readonly actors?: ((sidecar: Sidecar, instance: string) => Actors) | undefined;
  /** Capability packages; left out, the API says that there are none. */
  readonly capabilities?: Capabilities | undefined;
  /** Left out, nothing is measured. */
  readonly meters?: Meters | undefined;
}
