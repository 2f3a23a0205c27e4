/** Classes as actors, for pages that have some. */
export { ActorApp } from "../host/actors/classes/actor-app.ts";
export { apiActorSidecar } from "../host/actors/classes/api-actor-sidecar.ts";
