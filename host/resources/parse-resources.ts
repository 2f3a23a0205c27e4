import { type Fields, isFields, member, type Place, ResourceError, scalar } from "./fields.ts";
import { passedOver, unknownFields } from "./known-fields.ts";
import { joinResources, type ParsedResources } from "./resources.ts";
import { validateComponent } from "./validate-component.ts";
import { validateConfiguration } from "./validate-configuration.ts";
import { validateHttpEndpoint } from "./validate-http-endpoint.ts";
import { validateResiliency } from "./validate-resiliency.ts";
import { validateSubscription } from "./validate-subscription.ts";
import type { Environment } from "./value-entries.ts";
import { type YamlLibrary, yamlDocuments } from "./yaml-documents.ts";

type KindReader = (
  document: Fields,
  place: Place,
  environment: Environment | undefined,
) => Partial<ParsedResources>;

function nameOf(document: Fields): string {
  const head = member(document, "metadata");
  return isFields(head) ? scalar(member(head, "name")) : "";
}

/** What of a document that is applied for the rest is not. */
function leave(kind: string, document: Fields, { origin }: Place, sections: readonly string[]) {
  if (sections.length === 0) return [];
  const listed = sections.map((section) => `spec.${section}`).join(", ");
  return [{ kind, name: `${nameOf(document)} ${listed}`, origin }];
}

/** The kinds of resources that are applied. */
const kinds: ReadonlyMap<string, KindReader> = new Map<string, KindReader>([
  ["Component", (document, place, env) => ({ components: [validateComponent(document, place, env)] })],
  [
    "HTTPEndpoint",
    (document, place, env) => ({ httpEndpoints: [validateHttpEndpoint(document, place, env)] }),
  ],
  ["Subscription", (document, place) => ({ subscriptions: [validateSubscription(document, place)] })],
  [
    "Configuration",
    (document, place) => {
      const { configuration, unapplied } = validateConfiguration(document, place);
      return { configuration, unapplied: leave("Configuration", document, place, unapplied) };
    },
  ],
  ["Resiliency", (document, place) => ({ resiliencies: [validateResiliency(document, place)] })],
]);

/**
 * Reads the documents of one YAML text, in their order. `source` names it in messages (a file, `register()`). Empty
 * documents and those of other systems are passed over. Throws {@link ResourceError} with document, line and field.
 */
export function parseResources(
  text: string,
  source: string,
  yaml: YamlLibrary,
  environment?: Environment,
): ParsedResources {
  const parts: Partial<ParsedResources>[] = [];
  for (const { value, place } of yamlDocuments(text, source, yaml)) {
    if (value === undefined || value === null) continue;
    const { at, origin } = place;
    if (!isFields(value)) throw new ResourceError(`${at([])}: expected a mapping with apiVersion and kind`);
    const version = member(value, "apiVersion");
    if (typeof version === "string" && !version.startsWith("dapr.io/")) continue;
    const kind = member(value, "kind");
    if (typeof kind !== "string") {
      throw new ResourceError(`${at(["kind"])}: kind is missing; expected Component`);
    }
    const read = kinds.get(kind);
    if (read === undefined) {
      parts.push({ unapplied: [{ kind, name: nameOf(value), origin }] });
      continue;
    }
    const unknown: string[] = [];
    unknownFields(kind, value, (path, known) => unknown.push(passedOver(place, path, kind, known)));
    parts.push(read(value, place, environment), { unknown });
  }
  return joinResources(parts);
}
