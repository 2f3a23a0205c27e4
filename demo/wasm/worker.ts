import { attach, capabilities } from "daprlet/worker";

/** The service worker of this folder, with a capability of somebody else's for the web server to call. */
attach(self as unknown as ServiceWorkerGlobalScope, {
  capabilities: capabilities({
    packages: ["../shipped/hello/"],
    // It asks for a tenth of that, in which a busy machine may not even start it.
    grants: { hello: { limits: { timeMs: 1000 } } },
  }),
  own: true,
});
