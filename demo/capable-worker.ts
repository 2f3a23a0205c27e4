import { attach, capabilities } from "daprlet/worker";

/** The service worker of the pages that run packages: with the packages that they add, and none of its own. */
attach(self as unknown as ServiceWorkerGlobalScope, {
  capabilities: capabilities({ fromPages: true }),
  own: true,
});
