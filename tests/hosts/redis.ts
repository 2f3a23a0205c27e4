import { missingRedis, startRedis } from "../redis-server.ts";
import { startPair } from "./daprd.ts";
import type { HostDefinition } from "./host.ts";
import { daprletProgram, node } from "./node.ts";

/** Node, with the suites' state in a Redis of its own. */
export const nodeOnRedis: HostDefinition = {
  ...node,
  name: "Node, state in Redis",
  // What is configured otherwise has nothing to do with the store.
  features: new Set([...node.features].filter((feature) => feature !== "configurable")),
  missing: node.missing ?? missingRedis,
  async start(options = {}) {
    const server = await startRedis({ appendfsync: "always" });
    const state = { type: "state.redis", metadata: { redisHost: server.address } };
    const host = await startPair({
      ...options,
      program: [process.execPath, daprletProgram, "daprd"],
      state,
    });
    return {
      ...host,
      async stop() {
        await host.stop();
        await server.stop();
      },
    };
  },
};
