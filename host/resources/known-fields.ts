import { isFields, type Place } from "./fields.ts";

/** The fields of a mapping, or of each entry of a list; `true` is anything, `*` any name. */
export type Shape = true | { readonly [name: string]: Shape };

/** `name` and `value` are `name value`. */
export const fields = (names: string, more: { readonly [name: string]: Shape } = {}): Shape => ({
  ...Object.fromEntries(names.split(" ").map((name): [string, Shape] => [name, true])),
  ...more,
});

const secretKeyRef = fields("name key");
const entry = fields("name value envRef", { secretKeyRef });
const document = fields("value", { secretKeyRef });
const target = fields("timeout retry circuitBreaker");

const specs: Readonly<Record<string, Shape>> = {
  Component: fields("type version initTimeout ignoreErrors", { metadata: entry }),
  HTTPEndpoint: fields("baseUrl", {
    headers: entry,
    clientTLS: fields("renegotiation", { rootCA: document, certificate: document, privateKey: document }),
  }),
  Subscription: fields("pubsubname topic route metadata deadLetterTopic", {
    routes: fields("default", { rules: fields("match path") }),
    bulkSubscribe: fields("enabled maxMessagesCount maxAwaitDurationMs"),
  }),
  Resiliency: {
    policies: fields("timeouts", {
      retries: { "*": fields("policy duration maxInterval maxRetries", { matching: true }) },
      circuitBreakers: { "*": fields("maxRequests interval timeout trip") },
    }),
    targets: {
      apps: { "*": fields("timeout retry circuitBreaker circuitBreakerCacheSize") },
      actors: {
        "*": fields("timeout retry circuitBreaker circuitBreakerScope circuitBreakerCacheSize"),
      },
      components: { "*": { ...(target as object), inbound: target, outbound: target } },
    },
  },
  Configuration: fields(
    "tracing metric metrics httpPipeline appHttpPipeline accessControl nameResolution mtls wasm workflow",
    {
      secrets: { scopes: fields("storeName defaultAccess allowedSecrets deniedSecrets") },
      api: { allowed: fields("name version protocol"), denied: fields("name version protocol") },
      components: fields("deny"),
      features: fields("name enabled"),
      logging: { apiLogging: fields("enabled obfuscateURLs omitHealthChecks") },
    },
  ),
};

/** Whether Dapr knows a section of this name in a Configuration. */
export function isSection(name: string): boolean {
  return Object.keys(specs.Configuration as object).some(
    (known) => known.toLowerCase() === name.toLowerCase(),
  );
}

type Path = readonly (string | number)[];

/** Calls back with the path of each field in `value` that `shape` has not, and the names that it has there. */
export function findUnknown(
  value: unknown,
  shape: Shape,
  path: Path,
  found: (path: Path, known: readonly string[]) => void,
): void {
  if (shape === true) return;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) findUnknown(item, shape, [...path, i], found);
  }
  if (!isFields(value)) return;
  for (const [name, below] of Object.entries(value)) {
    const known = Object.keys(shape).find((key) => key === "*" || key.toLowerCase() === name.toLowerCase());
    if (known === undefined) found([...path, name], Object.keys(shape));
    else findUnknown(below, shape[known] as Shape, [...path, name], found);
  }
}

/**
 * Calls back with the path of each field that Dapr does not know in a resource of this kind, and the names it has
 * there. Dapr passes over such a field, which is most often a misspelt one.
 */
export function unknownFields(
  kind: string,
  resource: unknown,
  found: (path: Path, known: readonly string[]) => void,
): void {
  const spec = Object.hasOwn(specs, kind) ? specs[kind] : undefined;
  if (spec !== undefined) {
    findUnknown(
      resource,
      fields("apiVersion kind metadata scopes", { spec, auth: fields("secretStore") }),
      [],
      found,
    );
  }
}

/** A list of more is not read by anybody. */
const MANY = 10;

/** The sentence about such a field. */
export function passedOver({ at }: Place, path: Path, kind: string, known: readonly string[]): string {
  const there = known.length > MANY ? "" : `; it has ${known.join(", ")}`;
  return `${at(path)}: ${path.join(".")} is no field of a ${kind}, and is passed over${there}`;
}
