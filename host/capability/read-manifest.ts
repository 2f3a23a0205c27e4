import { isBookFunction, readBookFunction } from "./book-function.ts";
import { isBookManifest, readBookManifest } from "./book-manifest.ts";
import {
  abiNames,
  type CapabilityManifest,
  highestLimits,
  type ModuleEntry,
  type Needs,
  type Offer,
  type Source,
} from "./manifest.ts";
import {
  baseUrl,
  containerPort,
  Field,
  imageExpected,
  imageName,
  inside,
  plainName as name,
  plainNameExpected as nameExpected,
} from "./manifest-reader.ts";
import { readFunction } from "./read-function.ts";
import { readLimits } from "./read-limits.ts";
import { readNeeds, withOffers } from "./read-needs.ts";

function module(field: Field): ModuleEntry {
  field.only("name", "path", "sha256", "abi");
  return {
    name: field.member("name").matching(name, nameExpected),
    path: field.member("path").matching(inside, "must be a path inside of the package"),
    sha256: field
      .member("sha256")
      .matching(/^[0-9a-f]{64}$/, "must be a SHA-256 of 64 hexadecimal digits in lower case"),
    abi: field.member("abi").oneOf(abiNames, "capability"),
  };
}

function moduleOf(field: Field, modules: readonly ModuleEntry[], middleware = false): string {
  const only = modules.length === 1 ? modules[0]?.name : undefined;
  const named = field.missing && only !== undefined ? only : field.text("must name a module");
  if (!modules.some((module) => module.name === named)) {
    field.fail(`names no module; there is ${modules.map((module) => module.name).join(", ") || "none"}`);
  }
  if (!middleware && modules.some(({ name, abi }) => name === named && abi === "http-wasm"))
    field.fail("names a module of http-wasm, which only a middleware can be of");
  return named;
}

function source(field: Field, modules: readonly ModuleEntry[]): Source {
  field.only("module", "remote", "app", "container", "port", "withinMs");
  const given = ["module", "remote", "app", "container"].filter((kind) => !field.member(kind).missing);
  if (given.length !== 1) field.fail("must have one of module, remote, app, container");
  if (given[0] === "module") return { kind: "module", module: moduleOf(field.member("module"), modules) };
  if (given[0] === "container") {
    const named = field.member("container").matching(imageName, imageExpected);
    return { kind: "container", image: named, port: field.member("port").count(containerPort, 65_535) };
  }
  const within = field.member("withinMs");
  const withinMs = within.missing ? {} : { withinMs: within.count(1, highestLimits.timeMs) };
  if (given[0] === "remote") return { kind: "remote", url: baseUrl(field.member("remote")), ...withinMs };
  return { kind: "app", app: field.member("app").text("must be an app id"), ...withinMs };
}

/** What components of a family may promise. */
const featuresOf = {
  state: ["ETAG", "TTL", "TRANSACTIONAL", "BULK", "OUTCOME", "DURABILITY", "ACTOR", "QUERY_API"],
  bindings: ["OUTPUT_BINDING"],
  secretstores: ["MULTIPLE_KEY_VALUES_PER_SECRET"],
  middleware: ["RESPONSE"],
} as const;

/** Of a type of actors, as in an app's answer to `GET /dapr/config`. */
const actorSettings = [
  "actorIdleTimeout",
  "drainOngoingCallTimeout",
  "drainRebalancedActors",
  "reentrancy",
] as const;

const kinds: Readonly<Record<Offer["kind"], (field: Field, modules: readonly ModuleEntry[]) => Offer>> = {
  http(field, modules) {
    field.only("kind", "name", "openapi", "sources");
    const openapi = field.member("openapi");
    const sources = field.member("sources");
    return {
      kind: "http",
      name: field.member("name").missing ? "http" : field.member("name").matching(name, nameExpected),
      openapi:
        typeof openapi.value === "string"
          ? openapi.matching(inside, "must be an OpenAPI description, or the path of one in the package")
          : openapi.fields(),
      sources: sources.missing
        ? [{ kind: "module", module: moduleOf(sources, modules) }]
        : sources.items().map((one) => source(one, modules)),
    };
  },
  component(field, modules) {
    field.only("kind", "type", "version", "module", "features", "operations");
    const pattern = /^(state|bindings|secretstores|middleware\.http)\.[a-z0-9][a-z0-9.-]*$/;
    const type = field
      .member("type")
      .matching(pattern, "must be state.…, bindings.…, secretstores.… or middleware.http.…, in lower case");
    const family = type.split(".", 1)[0] as keyof typeof featuresOf;
    const operations = field.member("operations").items();
    const features = field
      .member("features")
      .items()
      .map((feature) => feature.oneOf(featuresOf[family]));
    const needed = { OUTCOME: ["TRANSACTIONAL"], ACTOR: ["ETAG", "TRANSACTIONAL"] } as const;
    for (const one of ["OUTCOME", "ACTOR"] as const) {
      const missing = needed[one].filter((other) => !features.includes(other));
      if (features.includes(one) && missing.length > 0)
        field.member("features").fail(`has ${one}, which needs ${missing.join(" and ")}`);
    }
    return {
      kind: "component",
      type,
      version: field.member("version").oneOf(["v1", "v2"], "v1"),
      module: moduleOf(field.member("module"), modules, family === "middleware"),
      features,
      operations: operations.length === 0 ? ["create"] : operations.map((one) => one.text()),
    };
  },
  function: (field, modules) => readFunction(field, (member) => moduleOf(member, modules)),
  actor(field, modules) {
    field.only("kind", "type", "module", "config");
    const config = field.member("config");
    if (!config.missing) config.only(...actorSettings);
    return {
      kind: "actor",
      type: field.member("type").matching(/^[\w-]{1,100}$/, "must be a type of actors"),
      module: moduleOf(field.member("module"), modules),
      config: config.missing ? {} : config.fields(),
    };
  },
};

/** Whether it may keep anything beyond its memory, which ends with its instance. */
function keepsElsewhere({ state, fetch, invoke }: Needs): boolean {
  return state.some(({ access }) => access === "write") || fetch.length > 0 || invoke.length > 0;
}

function unique(fields: readonly Field[], names: readonly string[], what: string): void {
  for (const [i, one] of names.entries()) {
    if (names.indexOf(one) !== i) fields[i]?.fail(`has the ${what} ${one} of another`);
  }
}

/**
 * A manifest from what its JSON, or the YAML of one in the book, says. `source` names it in messages. Throws a
 * {@link ManifestError} that names the field.
 */
export function readManifest(value: unknown, source: string): CapabilityManifest {
  const root = new Field(source, [], value);
  if (isBookManifest(root)) return readBookManifest(root);
  if (isBookFunction(root)) return readBookFunction(root);
  root.only("$schema", "name", "version", "description", "modules", "offers", "needs", "limits");
  const modules = root.member("modules").items();
  const entries = modules.map(module);
  unique(
    modules,
    entries.map((entry) => entry.name),
    "name",
  );
  const offers = root.member("offers").items();
  if (offers.length === 0) root.member("offers").fail("must have at least one offer");
  const read = offers.map((offer) => {
    const kind = offer.member("kind").oneOf(["http", "component", "function", "actor"]);
    return kinds[kind](offer, entries);
  });
  unique(
    offers,
    read.map((offer) => `${offer.kind} ${"name" in offer ? offer.name : offer.type}`),
    "name",
  );
  const needs = withOffers(readNeeds(root.member("needs")), read);
  for (const [i, offer] of read.entries()) {
    if (offer.kind === "component" && offer.features.includes("DURABILITY") && !keepsElsewhere(needs))
      offers[i]
        ?.member("features")
        .fail(
          "has DURABILITY, but needs has neither a store to write, nor an app or origin that keeps things",
        );
  }
  return {
    name: root.member("name").matching(name, nameExpected),
    version: root.member("version").matching(/^\d+\.\d+\.\d+[\w.+-]*$/, "must be a version such as 1.0.0"),
    description: root.member("description").optionalText() ?? "",
    modules: entries,
    offers: read,
    needs,
    limits: readLimits(root.member("limits")),
  };
}
