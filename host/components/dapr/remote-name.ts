/**
 * A key of ours as one that another sidecar takes: it puts a prefix and `||` before each key itself, and refuses that
 * separator inside. `app||key` becomes `app|~|key`; names without the separator stay what they are, and no two names
 * become one.
 */
export function remoteName(name: string): string {
  return name.replace(/\|(~*)(?=\|)/g, "|~$1");
}

/** The key of ours that {@link remoteName} made `name` of. */
export function localName(name: string): string {
  return name.replace(/\|~(~*)(?=\|)/g, "|$1");
}
