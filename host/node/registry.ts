import type { Registry } from "../components/registry.ts";

/** The components of the Node host. */
export const nodeRegistry: Registry = {
  state: [],
  pubsub: [],
};
