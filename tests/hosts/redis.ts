import { missingRedis, startRedis } from "../redis-server.ts";
import { startPair } from "./daprd.ts";
import type { HostDefinition } from "./host.ts";
import { daprletProgram, node } from "./node.ts";

/** Node, with the suites' state, topics and settings in a Redis of its own. */
export const nodeOnRedis: HostDefinition = {
  ...node,
  name: "Node, all in Redis",
  // What is configured otherwise has nothing to do with the components; Redis' streams have no wildcards.
  features: new Set([
    ...[...node.features].filter((feature) => feature !== "configurable" && feature !== "wildcards"),
    "durableEvents" as const,
  ]),
  missing: node.missing ?? missingRedis,
  async start(options = {}) {
    const redis = await startRedis({ appendfsync: "always" });
    const program = [process.execPath, daprletProgram, "daprd"];
    const host = await startPair({ ...options, program, redis });
    return {
      ...host,
      async stop() {
        await host.stop();
        await redis.stop();
      },
    };
  },
};
