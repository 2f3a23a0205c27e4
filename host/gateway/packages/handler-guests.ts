import { admit } from "../../capability/admission.ts";
import { httpWasmAbi } from "../../capability/http-wasm/http-wasm-abi.ts";
import { mustSettle } from "../../capability/settles.ts";
import { decodeMetadata, type MetadataSchema } from "../../components/metadata-schema.ts";
import { wasmMetadata } from "../../components/middleware/wasm.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import type { ComponentResource } from "../../resources/component.ts";
import { ResourceError } from "../../resources/fields.ts";
import { inScope } from "../../resources/scope.ts";
import type { GatewayResources } from "../read-gateway.ts";
import { markedVariable } from "../secret-table.ts";
import type { GatewayPackage } from "./admit-package.ts";
import type { Adapter } from "./compose-guests.ts";
import { handlerGuest } from "./handler-guest.ts";

const ownType = "middleware.http.wasm";

/** What a user grants by naming a guest himself: all that its toolchain may ask for, as Dapr. */
const granted = { clock: true, random: true, rewrite: true };

/** Bytes of a body that such a guest writes. */
const MAX_BODY = 16 << 20;

/** What a gateway is built with: the adapter of http-wasm, and files that components name. */
export interface HandlerFiles {
  adapter(): Promise<Adapter>;
  /** Rejects with an Error that says why not. */
  read(url: string): Promise<Uint8Array<ArrayBuffer>>;
}

const { guestConfig, strictSandbox } = wasmMetadata;

/** Throws ResourceError for what is none of the schema's, or is known only when the gateway runs. */
function decoded<M extends MetadataSchema>({ name, origin, metadata }: ComponentResource, schema: M) {
  const refuse = (cause: string): never => {
    throw new ResourceError(`${origin}: component ${name} ${cause}`);
  };
  const own = new Map(
    [...metadata].filter(([field]) => !["onlyfor", "exceptfor"].includes(field.toLowerCase())),
  );
  for (const [field, value] of own)
    if (field.toLowerCase() !== "guestconfig" && markedVariable(value) !== undefined)
      refuse(`has ${field} in the environment, where only guestConfig can be: the file is made of the rest`);
  try {
    return decodeMetadata(name, schema, own, (field) =>
      refuse(`has the metadata ${field}, of which a gateway does nothing: leave it out`),
    );
  } catch (error) {
    if (error instanceof ResourceError) throw error;
    throw new ResourceError(`${origin}: ${reasonOf(error)}`);
  }
}

/** `middleware.http.wasm`, as Dapr has it. */
async function ownHandler(component: ComponentResource, files: HandlerFiles): Promise<GatewayPackage> {
  const { name, type, version, origin } = component;
  const { url, strictSandbox: strict, sha256, maxMemory, timeout } = decoded(component, wasmMetadata);
  if (version !== "v1")
    throw new ResourceError(`${origin}: component ${name} is of version ${version}; v1 is known`);
  const limits = { answer: MAX_BODY, timeMs: timeout };
  try {
    const entry = { name, path: url, ...(sha256 !== undefined && { sha256 }) };
    const terms = { abi: httpWasmAbi, granted, limits: { memory: maxMemory } };
    const module = await admit(await files.read(url), entry, terms);
    await mustSettle(module);
    const handler = { component: name, type, version, module, limits, strict, trusted: true };
    return handlerGuest(handler, await files.adapter());
  } catch (error) {
    throw new ResourceError(`${origin}: component ${name}: metadata field url: ${reasonOf(error)}`);
  }
}

/** A package's. */
async function offeredHandler(
  component: ComponentResource,
  packages: readonly GatewayPackage[],
  files: HandlerFiles,
): Promise<readonly GatewayPackage[]> {
  const { name, type } = component;
  const offer = packages.flatMap(({ handlers }) => handlers).find((each) => each.type === type);
  if (offer === undefined) return [];
  const { strictSandbox: strict } = decoded(component, { guestConfig, strictSandbox });
  const { version, module, limits } = offer;
  const handler = { component: name, type, version, module, limits, strict, trusted: false };
  return [handlerGuest(handler, await files.adapter())];
}

/** The components of a gateway that are guests of http-wasm, each a guest of its own. Throws ResourceError. */
export async function handlerGuests(
  { gateway: { name, namespace }, resources }: GatewayResources,
  packages: readonly GatewayPackage[],
  files: HandlerFiles,
): Promise<readonly GatewayPackage[]> {
  const found: GatewayPackage[] = [];
  for (const component of resources.components) {
    if (!inScope(component, name, namespace)) continue;
    if (component.type === ownType) found.push(await ownHandler(component, files));
    else found.push(...(await offeredHandler(component, packages, files)));
  }
  return found;
}
