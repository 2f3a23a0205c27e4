/**
 * `orders/*`: every topic that begins so and goes on, slashes included; a star stands at the end and nowhere else. It is
 * what Dapr's in-memory broker has. A component understands it where its features say SUBSCRIBE_WILDCARDS.
 */
export function isWildcard(topic: string): boolean {
  return topic.endsWith("*");
}

/** Whether a topic, or each that a wildcard stands for, is what `pattern` names. */
export function covers(pattern: string, topic: string): boolean {
  if (pattern === topic) return true;
  return isWildcard(pattern) && topic.length >= pattern.length && topic.startsWith(pattern.slice(0, -1));
}
