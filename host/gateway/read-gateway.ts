import { isFields, member, ResourceError, scalar } from "../resources/fields.ts";
import { parseResources } from "../resources/parse-resources.ts";
import { joinResources, type Resources } from "../resources/resources.ts";
import { type YamlLibrary, yamlDocuments } from "../resources/yaml-documents.ts";
import { type GatewayResource, gatewayVersion } from "./gateway-resource.ts";
import { refuseUnsupported } from "./refusals.ts";
import { fromEnvironment } from "./secret-table.ts";
import { validateGateway } from "./validate-gateway.ts";

/** One text of YAML; `name` is how messages call it. */
export interface GatewayText {
  readonly name: string;
  readonly text: string;
}

/** What `gateway.yaml` says, or the files of a folder. */
export interface GatewayResources {
  readonly gateway: GatewayResource;
  /** Dapr's, in which nothing is left that a gateway would pass over. */
  readonly resources: Resources;
  /** The name of the text that has the gateway itself. */
  readonly source: string;
}

function gatewaysOf({ name, text }: GatewayText, yaml: YamlLibrary): readonly GatewayResource[] {
  return yamlDocuments(text, name, yaml).flatMap(({ value, place }) => {
    if (value === undefined || value === null) return [];
    if (!isFields(value))
      throw new ResourceError(`${place.at([])}: expected a mapping with apiVersion and kind`);
    if (member(value, "kind") === "Gateway") return [validateGateway(value, place)];
    if (!scalar(member(value, "apiVersion")).startsWith("dapr.io/")) {
      throw new ResourceError(
        `${place.at(["apiVersion"])}: apiVersion is neither ${gatewayVersion} nor one of dapr.io`,
      );
    }
    refuseUnsupported(value, place);
    return [];
  });
}

/** Reads all texts. Throws ResourceError with file, document, line and field. */
export function readGateway(texts: readonly GatewayText[], yaml: YamlLibrary): GatewayResources {
  const gateways = texts.map((text) => gatewaysOf(text, yaml));
  const [gateway, second] = gateways.flat();
  const places = texts.map(({ name }) => name).join(", ");
  if (gateway === undefined) {
    throw new ResourceError(`${places}: no document of kind: Gateway (apiVersion: ${gatewayVersion})`);
  }
  if (second !== undefined) {
    throw new ResourceError(
      `${second.origin}: a second document of kind: Gateway; ${gateway.origin} is one already`,
    );
  }
  const parsed = joinResources(
    texts.map(({ name, text }) => parseResources(text, name, yaml, fromEnvironment)),
  );
  const [unapplied] = parsed.unapplied;
  if (unapplied !== undefined) {
    throw new ResourceError(
      `${unapplied.origin}: a gateway has no use for ${unapplied.kind} ${unapplied.name}`,
    );
  }
  const [unknown] = parsed.unknown;
  if (unknown !== undefined) throw new ResourceError(unknown.replace(", and is passed over", ""));
  const source = texts[gateways.findIndex((found) => found.includes(gateway))]?.name ?? "";
  return { gateway, resources: parsed, source };
}
