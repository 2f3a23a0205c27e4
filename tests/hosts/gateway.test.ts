import { gateway, gatewayByJco } from "./gateway.ts";
import { apiOn } from "./suites.ts";

for (const reused of [false, true]) apiOn(gateway(reused), ["invoke", "stateStore"]);

apiOn(gatewayByJco, ["invoke"]);
