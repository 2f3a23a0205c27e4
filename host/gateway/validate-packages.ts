import { readGrants } from "../capability/grants.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { ResourceError } from "../resources/fields.ts";
import type { FieldReader } from "./gateway-fields.ts";
import type { PackageSetting } from "./gateway-resource.ts";
import { guestPlaces } from "./table-shape.ts";

function grantOf(entry: FieldReader): PackageSetting["grant"] {
  if (!entry.has("grants")) return undefined;
  try {
    return readGrants({ grants: entry.fields.grants }, entry.at()).get("grants");
  } catch (error) {
    throw new ResourceError(reasonOf(error));
  }
}

/** `spec.packages`. */
export function packages(spec: FieldReader): readonly PackageSetting[] {
  const entries = spec.list("packages");
  if (entries.length > guestPlaces.most)
    spec.fail("packages", `are more than ${guestPlaces.most}: divide them among several gateways`);
  return entries.map((entry) => ({ path: entry.required("path"), grant: grantOf(entry), at: entry.at() }));
}
