/** Before the keys that are a package's own. No name holds a colon, so no package reaches another's. */
const MARK = "cap:";

/** Dapr's keys hold no `||`: bars are written otherwise, as is what they are written with. */
export function ownKey(packageName: string, key: string): string {
  const plain =
    key.includes("|") || key.includes("%") ? key.replaceAll("%", "%25").replaceAll("|", "%7C") : key;
  return `${MARK}${packageName}:${plain}`;
}

/** Whether a key of the app would be one of a package. */
export function isOwnKey(key: string): boolean {
  return key.startsWith(MARK);
}

/** What {@link ownKey} was given. */
export function plainKey(packageName: string, key: string): string {
  return key.slice(ownKey(packageName, "").length).replaceAll("%7C", "|").replaceAll("%25", "%");
}

/** Whether keys that begin so may be a package's. */
export function mayBeOwnKey(prefix: string): boolean {
  return isOwnKey(prefix) || MARK.startsWith(prefix);
}
