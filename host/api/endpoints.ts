import { actors } from "./actors.ts";
import { bindings } from "./bindings.ts";
import { capabilities } from "./capabilities.ts";
import { configuration } from "./configuration.ts";
import type { Endpoint } from "./endpoint.ts";
import { invoke } from "./invoke.ts";
import { locks } from "./lock.ts";
import { metadata } from "./metadata.ts";
import { pubsub } from "./pubsub.ts";
import { secrets } from "./secrets.ts";
import { state } from "./state.ts";
import { subscribe } from "./subscribe.ts";
import { unsupported } from "./unsupported.ts";

/** The whole API. A row's position is its operation number; the core's router is generated from this list. */
export const endpoints: readonly Endpoint[] = [
  ...state,
  ...invoke,
  ...pubsub,
  ...subscribe,
  ...bindings,
  ...actors,
  ...metadata,
  ...secrets,
  ...configuration,
  ...locks,
  ...capabilities,
  ...unsupported,
];
