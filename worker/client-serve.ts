/** What a page needs to be an app; a page that only calls never loads it. */
export { AppHost } from "./client/app-host.ts";
