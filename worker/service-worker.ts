import { attach } from "./attach.ts";
import { declareStaticRoutes } from "./static-routes.ts";

/** The entry of `sw.js`: a service worker, or, started by a page as a dedicated worker, the holder of its sockets. */
declare const self: ServiceWorkerGlobalScope | DedicatedWorkerGlobalScope;

function takeOver(worker: ServiceWorkerGlobalScope): void {
  worker.addEventListener("install", (event) => {
    declareStaticRoutes(event, worker.registration.scope);
    event.waitUntil(worker.skipWaiting());
  });
  worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
}

attach(self, { own: true });
if ("clients" in self) takeOver(self);
