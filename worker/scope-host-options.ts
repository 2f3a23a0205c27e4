import type { Platform } from "../host/platform.ts";
import type { OriginActors } from "./actors/origin-actors.ts";
import type { Devices } from "./devices.ts";
import type { Welcome } from "./messages.ts";
import type { Registrations } from "./registrations.ts";
import type { Sidecars } from "./sidecars.ts";

export interface ScopeHostOptions {
  readonly worker: ServiceWorkerGlobalScope;
  readonly platform: Platform;
  /** Names this life of the worker. */
  readonly incarnation: string;
  readonly sidecars: Sidecars;
  readonly registrations: Registrations;
  readonly devices: Devices;
  readonly actors: OriginActors;
  readonly storage: () => Promise<Welcome["storage"]>;
  /** Deletes what components keep. */
  readonly erase: () => Promise<void>;
  /** Takes the port that leads to the holder of this worker's sockets. */
  readonly adoptRelay: (port: MessagePort) => void;
  /** Answers who reads metrics, and nobody else; left out where there are none. */
  readonly scrape?: ((request: Request) => Promise<Response> | undefined) | undefined;
  /** Answers for what capability packages have below the scope; left out where there are none. */
  readonly packages?: ((request: Request) => Promise<Response> | undefined) | undefined;
  /** True where the worker is daprlet's alone, and may be unregistered. */
  readonly own: boolean;
  readonly ports: readonly number[];
}
