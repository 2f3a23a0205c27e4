import type * as Yaml from "yaml";
import type { ComponentResource } from "./component.ts";
import { isFields, member, ResourceError, scalar } from "./fields.ts";
import type { InboundRetry } from "./inbound-retry.ts";
import type { SecretScope } from "./secret-scope.ts";
import type { SubscriptionResource } from "./subscription.ts";
import { type Environment, validateComponent } from "./validate-component.ts";
import { validateConfiguration } from "./validate-configuration.ts";
import { validateResiliency } from "./validate-resiliency.ts";
import { validateSubscription } from "./validate-subscription.ts";

/** What is used of the `yaml` package. The caller loads it, so that hosts without YAML need not carry it. */
export type YamlLibrary = Pick<typeof Yaml, "parseAllDocuments" | "LineCounter" | "isNode">;

/** A resource that is understood as one of Dapr's, and not applied yet. */
export interface UnappliedResource {
  readonly kind: string;
  readonly name: string;
  readonly origin: string;
}

/** What a sidecar is made of, validated. Plain data and Maps: it can be posted and stored. */
export interface Resources {
  readonly components: readonly ComponentResource[];
  readonly subscriptions: readonly SubscriptionResource[];
  readonly secretScopes: readonly SecretScope[];
  readonly inboundRetries: readonly InboundRetry[];
}

/** With what was read beside them. */
export interface ParsedResources extends Resources {
  /** The feature `HotReload` of a Configuration: whether changes of files are taken while running. */
  readonly hotReload?: boolean | undefined;
  readonly unapplied: readonly UnappliedResource[];
}

export const noResources: ParsedResources = {
  components: [],
  subscriptions: [],
  secretScopes: [],
  inboundRetries: [],
  unapplied: [],
};

/** All of several sources, in their order. */
export function joinResources(parts: readonly ParsedResources[]): ParsedResources {
  return {
    components: parts.flatMap(({ components }) => components),
    subscriptions: parts.flatMap(({ subscriptions }) => subscriptions),
    secretScopes: parts.flatMap(({ secretScopes }) => secretScopes),
    inboundRetries: parts.flatMap(({ inboundRetries }) => inboundRetries),
    unapplied: parts.flatMap(({ unapplied }) => unapplied),
    hotReload: parts.findLast(({ hotReload }) => hotReload !== undefined)?.hotReload,
  };
}

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
  const components: ComponentResource[] = [];
  const subscriptions: SubscriptionResource[] = [];
  const secretScopes: SecretScope[] = [];
  const inboundRetries: InboundRetry[] = [];
  const unapplied: UnappliedResource[] = [];
  let hotReload: boolean | undefined;
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
    if (kind === "Component") {
      components.push(validateComponent(value, { origin, at }, environment));
      return;
    }
    if (kind === "Subscription") {
      subscriptions.push(validateSubscription(value, { origin, at }));
      return;
    }
    const head = member(value, "metadata");
    const name = isFields(head) ? scalar(member(head, "name")) : "";
    const leave = (sections: readonly string[]) => {
      if (sections.length === 0) return;
      const listed = sections.map((section) => `spec.${section}`).join(", ");
      unapplied.push({ kind, name: `${name} ${listed}`, origin });
    };
    if (kind === "Configuration") {
      const configuration = validateConfiguration(value, { origin, at });
      secretScopes.push(...configuration.secretScopes);
      hotReload = configuration.hotReload ?? hotReload;
      leave(configuration.unapplied);
      return;
    }
    if (kind === "Resiliency") {
      const resiliency = validateResiliency(value, { origin, at });
      inboundRetries.push(...resiliency.inboundRetries);
      leave(resiliency.unapplied);
      return;
    }
    unapplied.push({ kind, name, origin });
  });
  return { components, subscriptions, secretScopes, inboundRetries, unapplied, hotReload };
}
