/** `daprlet/node`: sidecars on Node, in tests and in programs. */

export type { FetchHandler } from "../channel/fetch-channel.ts";
export { extendRegistry } from "../components/extend-registry.ts";
export { FakeClock } from "../fake-clock.ts";
export { systemClock } from "../web-platform.ts";
export { type CreateRuntimeOptions, createRuntime, type LocalRuntime } from "./create-runtime.ts";
export type { GivenComponents } from "./given-components.ts";
export { nodeRegistry } from "./registry.ts";
export type { RelayServer, RelayServerOptions } from "./relay-server.ts";
export type { SidecarOptions } from "./sidecar-options.ts";
export { startRelay } from "./start-relay.ts";
export { type NodeSidecar, startSidecar } from "./start-sidecar.ts";
