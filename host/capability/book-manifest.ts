import {
  type CapabilityManifest,
  defaultLimits,
  highestLimits,
  type Offer,
  type Source,
} from "./manifest.ts";
import {
  baseUrl,
  containerPort,
  type Field,
  imageExpected,
  imageName,
  inside,
  plainName,
  plainNameExpected,
} from "./manifest-reader.ts";
import { readLimits } from "./read-limits.ts";
import { noNeeds, withOffers } from "./read-needs.ts";

const kinds = ["OpenAPI", "Container"] as const;

/** The kind of a book's offer: the member it has, or what its `type` says, in any case. */
function kindOf(offer: Field): { readonly kind: (typeof kinds)[number]; readonly body: Field } | undefined {
  for (const kind of kinds) {
    const own = Object.keys(offer.fields()).find((name) => name.toLowerCase() === kind.toLowerCase());
    if (own !== undefined) return { kind, body: offer.member(own) };
  }
  const type = offer.member("type").value ?? offer.member("kind").value;
  const kind = kinds.find((known) => typeof type === "string" && known.toLowerCase() === type.toLowerCase());
  return kind && { kind, body: offer };
}

function isOurs(offer: unknown): boolean {
  const kind = typeof offer === "object" && offer !== null && "kind" in offer ? offer.kind : undefined;
  return ["http", "component", "function", "actor"].includes(kind as string);
}

/** Whether it is written as the book's are: offers of OpenAPI and Container, and no modules. */
export function isBookManifest(root: Field): boolean {
  const { modules, offers } = root.fields();
  if (modules !== undefined || !Array.isArray(offers)) return false;
  if (offers.some((offer: unknown) => isOurs(offer))) return false;
  return root
    .member("offers")
    .items()
    .some((offer) => {
      return typeof offer.value === "object" && offer.value !== null && kindOf(offer) !== undefined;
    });
}

/** The first of these members that is there, or the first of their names. */
function oneOf(body: Field, ...names: readonly string[]): Field {
  const given = names.find((name) => !body.member(name).missing);
  return body.member(given ?? (names[0] as string));
}

/** `url` where the API is, and what describes it: inline, or a file of the package. */
function remote(body: Field): { readonly source: Source; readonly openapi: Field | undefined } {
  if (typeof body.value === "string")
    return { source: { kind: "remote", url: baseUrl(body) }, openapi: undefined };
  const described = oneOf(body, "spec", "description", "openapi", "document");
  return {
    source: { kind: "remote", url: baseUrl(oneOf(body, "url", "endpoint", "server")) },
    openapi: described.missing ? undefined : described,
  };
}

/** An image, and where it listens. */
function container(body: Field): Source {
  if (typeof body.value === "string")
    return { kind: "container", image: body.matching(imageName, imageExpected), port: containerPort };
  const named = body
    .member(body.member("image").missing ? "name" : "image")
    .matching(imageName, imageExpected);
  return { kind: "container", image: named, port: body.member("port").count(containerPort, 65_535) };
}

/** A container needs more than a module does, and longer. */
const containerLimits = { ...defaultLimits, memory: highestLimits.memory, timeMs: 10_000 };

/**
 * The book's manifest: `name`, and `offers` in order of preference, each `OpenAPI` (an API elsewhere) or `Container` (an
 * image). All of them answer the same operations; a description belongs to an OpenAPI one, or lies beside it as
 * `openapi.json`.
 */
export function readBookManifest(root: Field): CapabilityManifest {
  const sources: Source[] = [];
  let openapi: string | Readonly<Record<string, unknown>> = "openapi.json";
  for (const offer of root.member("offers").items()) {
    const { kind, body } = kindOf(offer) ?? offer.fail("must be OpenAPI or Container");
    if (kind === "Container") {
      sources.push(container(body));
      continue;
    }
    const { source, openapi: described } = remote(body);
    sources.push(source);
    if (described === undefined) continue;
    openapi =
      typeof described.value === "string"
        ? described.matching(inside, "must be an OpenAPI description, or the path of one in the package")
        : described.fields();
  }
  const offers: readonly Offer[] = [{ kind: "http", name: "http", openapi, sources }];
  return {
    name: root.member("name").matching(plainName, plainNameExpected),
    version: root.member("version").version(),
    description: root.member("description").optionalText() ?? "",
    modules: [],
    offers,
    needs: withOffers(noNeeds, offers),
    limits: readLimits(
      root.member("limits"),
      sources.some(({ kind }) => kind === "container") ? containerLimits : defaultLimits,
    ),
  };
}
