import type { Envelope } from "./rules.ts";

function mapsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapsOf);
  if (typeof value !== "object" || value === null) return value;
  return new Map(Object.entries(value).map(([name, member]) => [name, mapsOf(member)]));
}

/** An event as rules see it. Throws RangeError when it is nested without bound. */
export function envelopeOf(event: object | undefined): Envelope {
  return mapsOf(event ?? {}) as Envelope;
}
