import type { AttributeValue, ExporterDefinition, FinishedSpan } from "./span-exporter.ts";

/** What an exporter is given in place of an attribute; undefined leaves it out. */
export type Mask = (name: string, value: AttributeValue, span: FinishedSpan) => AttributeValue | undefined;

const hidden = "***";

/** The mask of a list such as `url.full, db.*`: the values of these attributes are hidden; undefined for an empty one. */
export function maskOf(list: string): Mask | undefined {
  const names = list
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  if (names.length === 0) return undefined;
  const exact = new Set(names.filter((name) => !name.endsWith("*")));
  const prefixes = names.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1));
  return (name, value) => {
    const lower = name.toLowerCase();
    return exact.has(lower) || prefixes.some((prefix) => lower.startsWith(prefix)) ? hidden : value;
  };
}

/** The span as it is exported. */
export function masked(span: FinishedSpan, mask: Mask): FinishedSpan {
  const attributes = new Map<string, AttributeValue>();
  for (const [name, value] of span.attributes) {
    const shown = mask(name, value, span);
    if (shown !== undefined) attributes.set(name, shown);
  }
  return { ...span, attributes };
}

/** The exporter with a mask in code: what it is given has passed `mask`. */
export function maskedExporter(definition: ExporterDefinition, mask: Mask): ExporterDefinition {
  return {
    ...definition,
    async open(metadata, context) {
      const exporter = await definition.open(metadata, context);
      return {
        export: (spans) => exporter.export(spans.map((span) => masked(span, mask))),
        close: () => exporter.close(),
      };
    },
  };
}
