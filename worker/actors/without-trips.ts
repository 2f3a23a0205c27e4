import type { BreakerPolicy, ResiliencyResource } from "../../host/resources/resiliency.ts";

/** A page ends turns in time; breakers are the worker's, which has the language of their conditions. */
export function withoutTrips(resource: ResiliencyResource): ResiliencyResource {
  const breakers = [...resource.circuitBreakers].map(([name, policy]): [string, BreakerPolicy] => [
    name,
    { ...policy, trip: [] },
  ]);
  return { ...resource, circuitBreakers: new Map(breakers) };
}
