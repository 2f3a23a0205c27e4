import { attach } from "./attach.ts";
import { hostRelay } from "./relay/host-relay.ts";
import { declareStaticRoutes } from "./static-routes.ts";

/** The entry of `sw.js`: a service worker, or, started by a page as a dedicated worker, the holder of its sockets. */
declare const self: ServiceWorkerGlobalScope | DedicatedWorkerGlobalScope;

function serviceWorker(worker: ServiceWorkerGlobalScope): void {
  attach(worker, { own: true });
  worker.addEventListener("install", (event) => {
    declareStaticRoutes(event, worker.registration.scope);
    event.waitUntil(worker.skipWaiting());
  });
  worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
}

if ("clients" in self) serviceWorker(self);
else hostRelay(self);
