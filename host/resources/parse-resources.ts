import type * as Yaml from "yaml";
import { type Fields, isFields, member, type Place, ResourceError, scalar } from "./fields.ts";
import { unknownFields } from "./known-fields.ts";
import { joinResources, noResources, type ParsedResources } from "./resources.ts";
import { validateComponent } from "./validate-component.ts";
import { validateConfiguration } from "./validate-configuration.ts";
import { validateHttpEndpoint } from "./validate-http-endpoint.ts";
import { validateResiliency } from "./validate-resiliency.ts";
import { validateSubscription } from "./validate-subscription.ts";
import type { Environment } from "./value-entries.ts";

/** What is used of the `yaml` package. The caller loads it, so that hosts without YAML need not carry it. */
export type YamlLibrary = Pick<typeof Yaml, "parseAllDocuments" | "LineCounter" | "isNode">;

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
  const lines = new yaml.LineCounter();
  const documents = yaml.parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, merge: true });
  if (!Array.isArray(documents)) return noResources;
  documents.forEach((document, i) => {
    const origin = `${source}, document ${i + 1}`;
    const [error] = document.errors;
    if (error !== undefined) {
      throw new ResourceError(
        `${origin}, line ${lines.linePos(error.pos[0]).line}: not valid YAML: ${error.message}`,
      );
    }
    /** The nearest thing that is there: a missing field is looked for where its parent stands. */
    const at = (path: readonly (string | number)[]): string => {
      for (let length = path.length; length >= 0; length--) {
        const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
        if (yaml.isNode(node) && node.range) {
          return `${origin}, line ${lines.linePos(node.range[0]).line}`;
        }
      }
      return origin;
    };
    let value: unknown;
    try {
      value = document.toJS();
    } catch (error) {
      // An alias of nothing, or aliases that would expand without bound.
      throw new ResourceError(`${at([])}: not valid YAML: ${(error as Error).message}`);
    }
    if (value === undefined || value === null) return;
    if (!isFields(value)) throw new ResourceError(`${at([])}: expected a mapping with apiVersion and kind`);
    const version = member(value, "apiVersion");
    if (typeof version === "string" && !version.startsWith("dapr.io/")) return;
    const kind = member(value, "kind");
    if (typeof kind !== "string") {
      throw new ResourceError(`${at(["kind"])}: kind is missing; expected Component`);
    }
    const read = kinds.get(kind);
    if (read === undefined) {
      parts.push({ unapplied: [{ kind, name: nameOf(value), origin }] });
      return;
    }
    const unknown: string[] = [];
    unknownFields(kind, value, (path, known) => {
      unknown.push(
        `${at(path)}: ${path.join(".")} is no field of a ${kind}, and is passed over; it has ${known}`,
      );
    });
    parts.push(read(value, { origin, at }, environment), { unknown });
  });
  return joinResources(parts);
}
