import { attach, capabilities } from "daprlet/worker";

/** The service worker of this folder, with a capability of somebody else's for the web server to call. */
attach(self as unknown as ServiceWorkerGlobalScope, {
  capabilities: capabilities({ packages: ["../shipped/hello/"] }),
  own: true,
});
