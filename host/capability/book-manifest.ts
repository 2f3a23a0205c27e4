import {
  type CapabilityManifest,
  defaultLimits,
  highestLimits,
  type Offer,
  type Source,
} from "./manifest.ts";
import { containerPort, type Field, imageExpected, imageName } from "./manifest-reader.ts";
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

function text(field: Field, ...names: readonly string[]): string {
  for (const name of names) {
    if (!field.member(name).missing) return field.member(name).text();
  }
  return field.member(names[0] as string).fail("is required and must be text");
}

/** `url` where the API is, and what describes it: inline, or a file of the package. */
function remote(body: Field): { readonly source: Source; readonly openapi: string | Field } {
  if (typeof body.value === "string") {
    if (!URL.canParse(body.value)) body.fail("must be an absolute URL");
    return { source: { kind: "remote", url: body.value }, openapi: body };
  }
  const spec = ["spec", "description", "openapi", "document"].find((name) => !body.member(name).missing);
  const url = text(body, "url", "endpoint", "server");
  if (!URL.canParse(url)) body.member("url").fail("must be an absolute URL");
  return {
    source: { kind: "remote", url: url.replace(/\/$/, "") },
    openapi: spec === undefined ? "openapi.json" : body.member(spec),
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
    if (typeof described === "string") continue;
    if (typeof described.value === "object") openapi = described.fields();
    else if (described !== body) openapi = described.text();
  }
  const offers: readonly Offer[] = [{ kind: "http", name: "http", openapi, sources }];
  const version = root.member("version");
  return {
    name: root.member("name").matching(/^[a-z0-9][a-z0-9._-]{0,62}$/, "must be a name in lower case"),
    version: version.missing ? "0.0.0" : String(version.value),
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
