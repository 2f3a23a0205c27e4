/** Before the keys that are a package's own. No name holds a colon, so no package reaches another's. */
const MARK = "cap:";

export function ownKey(packageName: string, key: string): string {
  return `${MARK}${packageName}:${key}`;
}

/** Whether a key of the app would be one of a package. */
export function isOwnKey(key: string): boolean {
  return key.startsWith(MARK);
}
