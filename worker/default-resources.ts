import { type ComponentResource, componentDefaults } from "../host/resources/component.ts";
import { noResources, type Resources } from "../host/resources/resources.ts";
import type { RelaySettings } from "./messages.ts";
import { storageAvailable } from "./storage/durability.ts";

function component(
  name: string,
  type: string,
  metadata: readonly (readonly [string, string | undefined])[] = [],
): ComponentResource {
  return {
    ...componentDefaults,
    name,
    type,
    metadata: new Map(metadata.filter((entry): entry is [string, string] => entry[1] !== undefined)),
    initTimeoutMs: 10_000,
    origin: "the default components",
  };
}

const only = (components: readonly ComponentResource[]): Resources => ({ ...noResources, components });

/**
 * What an app has that names no components: kept in IndexedDB, or in memory where the browser gives none; with a
 * relay, events go through it.
 */
export function defaultResources(relay: RelaySettings | undefined): Resources {
  const kept = storageAvailable();
  const state = component("statestore", kept ? "state.indexeddb" : "state.in-memory", [
    ["actorStateStore", "true"],
  ]);
  if (relay === undefined) {
    return only([state, component("pubsub", kept ? "pubsub.browser" : "pubsub.in-memory")]);
  }
  const { url, room, token } = relay;
  const metadata = [["url", url] as const, ["room", room] as const, ["token", token] as const];
  return only([state, component("pubsub", "pubsub.relay", metadata)]);
}
