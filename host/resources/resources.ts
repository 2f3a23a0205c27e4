import type { ComponentResource } from "./component.ts";
import { type Configuration, mergeConfigurations } from "./configuration.ts";
import type { HttpEndpointResource } from "./http-endpoint.ts";
import type { ResiliencyResource } from "./resiliency.ts";
import type { SubscriptionResource } from "./subscription.ts";

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
  readonly httpEndpoints: readonly HttpEndpointResource[];
  readonly resiliencies: readonly ResiliencyResource[];
  /** All Configurations as one. */
  readonly configuration: Configuration;
}

/** With what was read beside them. */
export interface ParsedResources extends Resources {
  readonly unapplied: readonly UnappliedResource[];
  /** A sentence about each field that Dapr does not know, and passes over. */
  readonly unknown: readonly string[];
}

export const noResources: ParsedResources = {
  components: [],
  subscriptions: [],
  httpEndpoints: [],
  resiliencies: [],
  configuration: {},
  unapplied: [],
  unknown: [],
};

/** All of several sources, in their order. */
export function joinResources(parts: readonly Partial<ParsedResources>[]): ParsedResources {
  const all = <Name extends Exclude<keyof ParsedResources, "configuration">>(name: Name) =>
    parts.flatMap((part): readonly unknown[] => part[name] ?? []) as unknown as ParsedResources[Name];
  return {
    components: all("components"),
    subscriptions: all("subscriptions"),
    httpEndpoints: all("httpEndpoints"),
    resiliencies: all("resiliencies"),
    configuration: mergeConfigurations(parts.map(({ configuration = {} }) => configuration)),
    unapplied: all("unapplied"),
    unknown: all("unknown"),
  };
}
