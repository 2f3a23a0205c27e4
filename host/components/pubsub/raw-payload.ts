/** The spellings of a boolean that Dapr (Go's strconv.ParseBool) takes; nothing counts as not given. */
const spellings: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "TRUE", "true", "True"].map((text): [string, boolean] => [text, true]),
  ...["0", "f", "F", "FALSE", "false", "False", ""].map((text): [string, boolean] => [text, false]),
]);

/** `rawPayload` of a request's or a subscription's metadata, in any case; undefined when it is no boolean. */
export function rawPayload(metadata: ReadonlyMap<string, string>): boolean | undefined {
  for (const [name, value] of metadata) {
    if (name.toLowerCase() === "rawpayload") return spellings.get(value);
  }
  return false;
}

/**
 * Metadata that a raw event is published with: the id of the envelope that a raw subscription gets around it. No header
 * of a delivery.
 */
export const eventIdField = "daprlet-event-id";
