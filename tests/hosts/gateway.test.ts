import { gateway, gatewayByJco } from "./gateway.ts";
import { apiOn, type SuiteName } from "./suites.ts";

/**
 * All but what a gateway leaves to sidecars: bindings, configuration and locks, and what is done with events and resources
 * before an app of one's own.
 */
const served: readonly SuiteName[] = [
  "state",
  "stateQuery",
  "invoke",
  "httpEndpoints",
  "pubsub",
  "bulkPublish",
  "metadata",
  "secrets",
  "actors",
  "actorState",
  "badInput",
  "differing",
  "gateway",
];

// They wait for time, and what they ask for is beyond the gateway: once is enough.
const slow: readonly SuiteName[] = ["actorTurns", "actorSchedules"];

// Only what is in the folder could be changed by a restart.
apiOn(gateway(true), [...served, ...slow], ["stateStore"]);
apiOn(gateway(false), served, ["stateStore"]);
apiOn(gatewayByJco, served, []);
