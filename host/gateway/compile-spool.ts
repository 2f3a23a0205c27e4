import { parseByteSize } from "../byte-size.ts";
import type { ComponentResource } from "../resources/component.ts";
import { ResourceError } from "../resources/fields.ts";
import type { PubSubRow } from "./table-shape.ts";

/** Metadata of a pub/sub that says what is kept of its events. */
export const spoolFields = ["spool", "spoolEvents"] as const;

/** As many events are kept where no number is given, and as many at most. */
const usualEvents = 100_000;
const mostEvents = 10_000_000;
const mostBytes = 2 ** 30;

/** What is kept of events while their sidecar is away; of no events: nothing. Throws ResourceError. */
export function spoolOf({
  name,
  origin,
  metadata,
}: ComponentResource): Pick<PubSubRow, "spoolBytes" | "spoolEvents"> {
  const refuse = (cause: string): never => {
    throw new ResourceError(`${origin}: component ${name} ${cause}`);
  };
  const given = new Map(Array.from(metadata, ([field, value]) => [field.toLowerCase(), value]));
  const [size, count] = [given.get("spool"), given.get("spoolevents")];
  if (size === undefined) {
    if (count !== undefined) refuse("has spoolEvents without spool, which says how many bytes are kept");
    return { spoolBytes: 0, spoolEvents: 0 };
  }
  const spoolBytes = parseByteSize(size) ?? 0;
  if (!(spoolBytes > 0 && spoolBytes <= mostBytes))
    refuse("needs spool to be a size such as 64Mi, of 1Gi at most");
  const spoolEvents = count === undefined ? usualEvents : Number(count);
  if (!(Number.isInteger(spoolEvents) && spoolEvents > 0 && spoolEvents <= mostEvents))
    refuse(`needs spoolEvents to be a whole number from 1 to ${mostEvents}`);
  return { spoolBytes, spoolEvents };
}
