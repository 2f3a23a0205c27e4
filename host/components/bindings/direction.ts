import type { ComponentResource } from "../../resources/component.ts";

/** What `direction` lets a binding do: `ask` is read if the app says that it wants the events. */
export interface Direction {
  readonly input: "always" | "ask" | "never";
  readonly output: boolean;
}

/** A field of a component's metadata by its name in any case; undefined when it is absent or empty. */
export function metadataField({ metadata }: ComponentResource, name: string): string | undefined {
  for (const [key, value] of metadata) if (key.toLowerCase() === name) return value.trim() || undefined;
  return undefined;
}

/** The metadata field `direction`, which every binding takes: `input`, `output`, or both with a comma between. */
export function directionOf(resource: ComponentResource): Direction {
  const given = metadataField(resource, "direction")?.toLowerCase();
  if (given === undefined) return { input: "ask", output: true };
  const named = given.split(",").map((word) => word.trim());
  return { input: named.includes("input") ? "always" : "never", output: named.includes("output") };
}
