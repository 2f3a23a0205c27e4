/** What a page needs to be an app; a page that only calls never loads it. */
export { AppHost, baseOf } from "./client/app-host.ts";
export { subscribeTo } from "./client/subscribe.ts";
