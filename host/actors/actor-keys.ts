/** Keys of the actor state store. */

/** The key of an actor's state, as Dapr has it (dapr-actors §3.6). Only {@link usableStateKey} keeps two of them apart. */
export function stateKey(appId: string, type: string, id: string, key: string): string {
  return `${appId}||${type}||${id}||${key}`;
}

/**
 * False for a key by which one actor would reach into another: of an id and a key that are put together, the last bars
 * divide the two.
 */
export function usableStateKey(key: string): boolean {
  return key !== "" && !key.startsWith("|") && !key.includes("||");
}

/**
 * Where what is kept for actors whatever app hosts them begins: reminders, which go to whoever owns the actor, as Dapr's do.
 */
export function sharedPrefix(namespace: string): string {
  return recordPrefix(namespace, "");
}

/** Where an app's own records about its actors begin. No app's id is empty, so it is no key of a state API. */
export function recordPrefix(namespace: string, appId: string): string {
  return `||actors||${namespace}||${appId}||`;
}
