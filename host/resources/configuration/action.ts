import type { Action } from "../access-control.ts";
import { fail, optionalText, type Place } from "../fields.ts";

/** `allow` or `deny` in any case, as Go reads them; empty is as if it were left out. */
export function optionalAction(
  value: unknown,
  place: Place,
  path: readonly (string | number)[],
): Action | undefined {
  const text = optionalText(value, place, path);
  if (text === undefined || text === "") return undefined;
  const lower = text.toLowerCase();
  if (lower !== "allow" && lower !== "deny") fail(place, path, "must be allow or deny");
  return lower;
}
