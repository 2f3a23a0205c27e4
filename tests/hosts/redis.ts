import { missingRedis, startRedis } from "../redis-server.ts";
import { daprd, type PairOptions, startPair } from "./daprd.ts";
import type { HostDefinition } from "./host.ts";
import { daprletProgram, node } from "./node.ts";

/** The suites' state in a Redis of its own. */
async function onRedis(options: PairOptions): ReturnType<typeof startPair> {
  const server = await startRedis({ appendfsync: "always" });
  // daprd makes indexes in a module that Debian's Redis does not have.
  const none = options.program === undefined ? { queryIndexes: "" } : {};
  const state = { type: "state.redis", metadata: { redisHost: server.address, ...none } };
  const host = await startPair({ ...options, state });
  return {
    ...host,
    async stop() {
      await host.stop();
      await server.stop();
    },
  };
}

function variant(of: HostDefinition, program: readonly string[] | undefined): HostDefinition {
  return {
    ...of,
    name: `${of.name}, state in Redis`,
    // What is configured otherwise has nothing to do with the store.
    features: new Set([...of.features].filter((feature) => feature !== "configurable")),
    missing: of.missing ?? missingRedis,
    start: (options = {}) => onRedis({ ...options, ...(program && { program }) }),
  };
}

export const nodeOnRedis = variant(node, [process.execPath, daprletProgram, "daprd"]);
export const daprdOnRedis = variant(daprd, undefined);
