/** The moment an item expires as `ttlExpireTime` has it: RFC 3339 in UTC, whole seconds. */
export function expiryTime(expiresAt: number): string {
  return `${new Date(expiresAt).toISOString().slice(0, -5)}Z`;
}
