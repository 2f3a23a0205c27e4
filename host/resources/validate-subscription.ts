import {
  type Fields,
  fail,
  isFields,
  member,
  optionalText,
  type Place,
  requiredText,
  resourceName,
  section,
  texts,
} from "./fields.ts";
import type { SubscriptionResource } from "./subscription.ts";

const versions: readonly unknown[] = ["dapr.io/v1alpha1", "dapr.io/v2alpha1"];

/** Dapr takes the names of a spec's fields in any case: `pubsubName` as well as `pubsubname`. */
class Spec {
  readonly #fields: Fields;
  readonly #path: readonly (string | number)[];
  readonly #place: Place;

  constructor(fields: Fields, path: readonly (string | number)[], place: Place) {
    this.#fields = fields;
    this.#path = path;
    this.#place = place;
  }

  #find(name: string): { readonly value: unknown; readonly path: readonly (string | number)[] } {
    const key = Object.keys(this.#fields).find((found) => found.toLowerCase() === name.toLowerCase()) ?? name;
    return { value: member(this.#fields, key), path: [...this.#path, key] };
  }

  required(name: string): string {
    const { value, path } = this.#find(name);
    return requiredText(value, this.#place, path);
  }

  text(name: string): string | undefined {
    const { value, path } = this.#find(name);
    return optionalText(value, this.#place, path);
  }

  check(name: string, expected: string, holds: (value: unknown) => boolean): void {
    const { value, path } = this.#find(name);
    if (value !== undefined && value !== null && !holds(value)) fail(this.#place, path, expected);
  }

  mapping(name: string): Spec | undefined {
    const { value, path } = this.#find(name);
    if (value === undefined || value === null) return undefined;
    if (!isFields(value)) fail(this.#place, path, "must be a mapping");
    return new Spec(value, path, this.#place);
  }

  list(name: string): readonly Spec[] {
    const { value, path } = this.#find(name);
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) fail(this.#place, path, "must be a list");
    return value.map((item: unknown, i) => {
      if (!isFields(item)) fail(this.#place, [...path, i], "must be a mapping");
      return new Spec(item, [...path, i], this.#place);
    });
  }
}

const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;

/** A document of `kind: Subscription`, validated: either version may have `route` and `routes`. Throws ResourceError. */
export function validateSubscription(document: Fields, place: Place): SubscriptionResource {
  const apiVersion = member(document, "apiVersion");
  if (!versions.includes(apiVersion)) {
    fail(place, ["apiVersion"], `must be ${versions.join(" or ")}`);
  }
  const head = section(document, "metadata", place);
  const fields = section(document, "spec", place);
  const spec = new Spec(fields, ["spec"], place);
  spec.required("pubsubname");
  spec.required("topic");
  spec.text("deadLetterTopic");
  spec.mapping("metadata");
  const bulk = spec.mapping("bulkSubscribe");
  bulk?.check("enabled", "must be true or false", (value) => typeof value === "boolean");
  bulk?.check("maxMessagesCount", "must be a whole number", isCount);
  bulk?.check("maxAwaitDurationMs", "must be a whole number of milliseconds", isCount);
  const routes = spec.mapping("routes");
  const rules = routes?.list("rules") ?? [];
  for (const rule of rules) {
    rule.required("path");
    rule.text("match");
  }
  if (!spec.text("route") && !routes?.text("default") && rules.length === 0) {
    fail(place, ["spec", "route"], "is missing: name the path that events are posted to, or give routes");
  }
  return {
    name: resourceName(head, place),
    namespace: optionalText(member(head, "namespace"), place, ["metadata", "namespace"]),
    spec: fields,
    scopes: texts(member(document, "scopes"), place, ["scopes"]),
    origin: place.origin,
  };
}
