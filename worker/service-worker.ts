import { attach } from "./attach.ts";
import { declareStaticRoutes } from "./static-routes.ts";

/** The entry of `sw.js`: a service worker, or, started as a dedicated worker by a page, the holder of relay sockets. */
declare const self: ServiceWorkerGlobalScope;

if ("clients" in self) {
  attach(self, { own: true });
  self.addEventListener("install", (event) => {
    declareStaticRoutes(event, self.registration.scope);
    event.waitUntil(self.skipWaiting());
  });
  self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
}
