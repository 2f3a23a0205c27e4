/** Loaded in page mode only when a subscription has rules. */
export { cel } from "../host/subscriptions/rules/cel.ts";
