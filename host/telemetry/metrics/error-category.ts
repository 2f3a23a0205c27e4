/** Dapr's category of an error's code, which metrics tell it by: the first of these that its name begins with. */
const categories: readonly (readonly [beginning: string, category: string])[] = [
  ["ERR_STATE_", "state"],
  ["ERR_PUBSUB_", "pubsub"],
  ["ERR_TOPIC_", "pubsub"],
  ["ERR_SECRET_", "secret"],
  ["ERR_PERMISSION_DENIED", "secret"],
  ["ERR_INVOKE_OUTPUT_BINDING", "binding"],
  ["ERR_DIRECT_INVOKE", "service-invocation"],
  ["ERR_CONFIGURATION_", "configuration"],
  ["ERR_LOCK_", "lock"],
  ["ERR_TRY_LOCK", "lock"],
  ["ERR_UNLOCK", "lock"],
  ["ERR_ACTOR_", "actor"],
  ["ERR_HEALTH_", "health"],
  ["ERR_OUTBOUND_HEALTH_", "health"],
];

export function errorCategory(code: string): string {
  return categories.find(([beginning]) => code.startsWith(beginning))?.[1] ?? "common";
}
