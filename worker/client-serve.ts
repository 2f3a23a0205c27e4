/** What a page needs to be an app; a page that only calls never loads it. */
export { serveApp } from "./client/serve-app.ts";
export { subscribeTo } from "./client/subscribe.ts";
