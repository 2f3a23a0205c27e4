import { cel } from "../host/subscriptions/rules/cel.ts";
import type { Rules } from "../host/subscriptions/rules/rules.ts";

/** Routing rules in CEL: part of the script, since a service worker can load nothing later. */
export const celRules: Rules = async () => cel;
