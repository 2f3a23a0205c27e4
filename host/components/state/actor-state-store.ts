import { ComponentError } from "../../errors/component-error.ts";
import type { ComponentResource } from "../../resources/component.ts";
import { decodeMetadata, flag } from "../metadata-schema.ts";
import type { ListingStore } from "./store.ts";

/** The one state store of an app that its actors are kept in. */
export interface ActorStateStore {
  readonly name: string;
  readonly component: ListingStore;
}

const schema = { actorStateStore: flag("The store that actors are kept in.", false) };

/** Whether a resource is to be the store of actors: the metadata `actorStateStore` of a state store. */
function isForActors({ name, type, metadata }: ComponentResource): boolean {
  return type.startsWith("state.") && decodeMetadata(name, schema, metadata, () => undefined).actorStateStore;
}

/** As `isForActors`. Throws a ComponentError where the store cannot keep them. */
export function keepsActors(resource: ComponentResource, features: readonly string[]): boolean {
  if (!isForActors(resource)) return false;
  if (features.includes("ACTOR")) return true;
  const { name, type, origin } = resource;
  throw new ComponentError(
    "INVALID_ARGUMENT",
    `component ${name} (${origin}): actorStateStore: ${type} cannot keep actors; mark a store whose capabilities have ACTOR`,
  );
}

/** Throws a ComponentError for a resource that is to be the store of actors where another one is it, and is to stay it. */
export function refuseSecondForActors(
  resource: ComponentResource,
  present: string | undefined,
  wanted: readonly ComponentResource[],
): void {
  const { name } = resource;
  if (present === undefined || present === name || !isForActors(resource)) return;
  if (!wanted.some((one) => one.name === present && isForActors(one))) return;
  throw new ComponentError(
    "INVALID_ARGUMENT",
    `component ${name}: detected duplicate actor state store: ${present} and ${name}; take actorStateStore from one of them`,
  );
}
