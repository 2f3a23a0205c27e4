import { ResourceError } from "../resources/fields.ts";

/** What stands before a caller's own keys in the names of variables that are secrets: `sensor-1` has `SENSOR_1__`. */
export function callerVariables(appId: string): string {
  return `${appId.toUpperCase().replace(/[^A-Z0-9]/g, "_")}__`;
}

/** Throws ResourceError where one caller could read what is another's. */
export function checkCallerVariables(appIds: readonly string[], origin: string): void {
  const byPrefix = new Map<string, string>();
  for (const appId of appIds) {
    const prefix = callerVariables(appId);
    const other = byPrefix.get(prefix);
    if (other !== undefined && other !== appId) fail(origin, appId, other, prefix);
    byPrefix.set(prefix, appId);
  }
  for (const [prefix, appId] of byPrefix) {
    for (let end = prefix.indexOf("__"); end >= 0; end = prefix.indexOf("__", end + 1)) {
      const other = byPrefix.get(prefix.slice(0, end + 2));
      if (other !== undefined && other !== appId) fail(origin, appId, other, prefix);
    }
  }
}

function fail(origin: string, appId: string, other: string, prefix: string): never {
  throw new ResourceError(
    `${origin}: the secrets of ${appId}, in variables that go on with ${prefix}, would be ${other}'s as well: rename one of them`,
  );
}
