import type * as Yaml from "yaml";
import { type Place, ResourceError } from "./fields.ts";

/** What is used of the `yaml` package. The caller loads it, so that hosts without YAML need not carry it. */
export type YamlLibrary = Pick<typeof Yaml, "parseAllDocuments" | "LineCounter" | "isNode">;

export interface YamlDocument {
  /** Undefined or null for an empty document. */
  readonly value: unknown;
  readonly place: Place;
}

/**
 * The documents of one YAML text, in their order. `source` names it in messages (a file, `register()`). Throws
 * {@link ResourceError} with document and line.
 */
export function yamlDocuments(text: string, source: string, yaml: YamlLibrary): readonly YamlDocument[] {
  const lines = new yaml.LineCounter();
  const documents = yaml.parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, merge: true });
  if (!Array.isArray(documents)) return [];
  return documents.map((document, i): YamlDocument => {
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
    try {
      return { value: document.toJS(), place: { origin, at } };
    } catch (error) {
      // An alias of nothing, or aliases that would expand without bound.
      throw new ResourceError(`${at([])}: not valid YAML: ${(error as Error).message}`);
    }
  });
}
