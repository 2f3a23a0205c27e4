import { defineBinding } from "../../components/bindings/binding.ts";
import type { ComponentContext, Durability, Family } from "../../components/component.ts";
import { others } from "../../components/metadata-schema.ts";
import { defineMiddleware } from "../../components/middleware/middleware.ts";
import type { Definitions } from "../../components/registry.ts";
import { defineSecretStore } from "../../components/secretstores/secret-store.ts";
import { type QueryOptions, queryMetadata } from "../../components/state/query-indexes.ts";
import { defineStore } from "../../components/state/store.ts";
import type { ComponentOffer } from "../manifest.ts";
import { GuestBinding } from "./guest-binding.ts";
import { type AskPackage, GuestComponent } from "./guest-component.ts";
import { GuestMiddleware } from "./guest-middleware.ts";
import { GuestSecretStore } from "./guest-secret-store.ts";
import { GuestStore, storeFeatures } from "./guest-store.ts";
import { offeredHttpWasm, type PackageGuests } from "./offered-http-wasm.ts";

const noQueries = { queryIndexes: [], queryScan: false };

/** The package behind a component, as it is loaded at present. */
export interface OfferingPackage {
  readonly ask: AskPackage;
  /** How long what it keeps beyond its memory will stay. */
  readonly kept: () => Durability;
  /** Of a module of http-wasm. */
  readonly guests: PackageGuests | undefined;
}

/** The definition of a component that a package offers, to be opened as any other. */
export function offeredComponent(
  { type, version, features, operations }: ComponentOffer,
  summary: string,
  { ask, kept, guests }: OfferingPackage,
  maxBodySize: number,
): Definitions[Family] {
  const metadata = { given: others("what the package takes") };
  const common = { version, summary, metadata };
  const guest = ({ name }: ComponentContext, given: ReadonlyMap<string, string>) =>
    new GuestComponent(name, type, given, ask);
  if (type.startsWith("state.")) {
    const store = {
      ...common,
      type: type as `state.${string}`,
      features: storeFeatures.filter((feature) => features.includes(feature)),
    };
    const open = (
      given: ReadonlyMap<string, string>,
      queries: QueryOptions,
      context: ComponentContext,
    ): GuestStore => {
      if (!features.includes("DURABILITY")) warnOfMemory(type, given, context);
      return new GuestStore(guest(context, given), features, queries, kept);
    };
    if (!features.includes("QUERY_API"))
      return defineStore({ ...store, open: async ({ given }, context) => open(given, noQueries, context) });
    return defineStore({
      ...store,
      metadata: { ...queryMetadata, ...metadata },
      open: async ({ given, ...queries }, context) => open(given, queries, context),
    });
  }
  if (type.startsWith("bindings.")) {
    return defineBinding({
      ...common,
      type: type as `bindings.${string}`,
      features: ["OUTPUT_BINDING"],
      open: async ({ given }, context) => new GuestBinding(guest(context, given), operations),
    });
  }
  if (type.startsWith("secretstores.")) {
    return defineSecretStore({
      ...common,
      type: type as `secretstores.${string}`,
      features: ["MULTIPLE_KEY_VALUES_PER_SECRET"],
      open: async ({ given }, context) => new GuestSecretStore(guest(context, given)),
    });
  }
  if (guests !== undefined)
    return offeredHttpWasm(type as `middleware.http.${string}`, common, guests, maxBodySize);
  return defineMiddleware({
    ...common,
    type: type as `middleware.http.${string}`,
    features: [],
    open: async ({ given }, context) =>
      new GuestMiddleware(guest(context, given), features.includes("RESPONSE"), maxBodySize),
  });
}

/** Of a store in a package's memory, what rests on a store that stays. */
function warnOfMemory(
  type: string,
  given: ReadonlyMap<string, string>,
  { name, log }: ComponentContext,
): void {
  for (const [field, value] of given) {
    if (!/^(?:actorstatestore|outboxpublishtopic)$/i.test(field) || value === "false") continue;
    log.warn(
      `component ${name}: ${field}: a package keeps ${type} in its memory, which ends with its instance, a late call of it included; take a store with DURABILITY`,
    );
  }
}
