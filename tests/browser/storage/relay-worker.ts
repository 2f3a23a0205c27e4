/** One script, as sw.js is: a service worker that echoes through its link, or the dedicated worker at its other end. */
import { systemClock } from "../../../host/web-platform.ts";
import { hostRelay } from "../../../worker/relay/host-relay.ts";
import { RelayLink } from "../../../worker/relay/relay-link.ts";

declare const self: ServiceWorkerGlobalScope & DedicatedWorkerGlobalScope;

/** What the page asks the service worker. */
export type Order = { readonly port: true } | { readonly say: string; readonly url: string };

function serve(worker: ServiceWorkerGlobalScope): void {
  const link = new RelayLink(systemClock, () => undefined);
  worker.addEventListener("install", (event) => event.waitUntil(worker.skipWaiting()));
  worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
  worker.addEventListener("message", (event) => {
    const order = event.data as Order;
    const [port] = event.ports;
    if (port === undefined) return;
    if ("port" in order) return link.adopt(port);
    event.waitUntil(
      new Promise<void>((resolve) => {
        const socket = link.connect(order.url, [], {
          open: () => socket.send(order.say),
          message: (data) => port.postMessage(String(data)),
          closed: (code, reason) => {
            port.postMessage(`closed ${code} ${reason}`);
            resolve();
          },
        });
      }),
    );
  });
}

if ("clients" in self) serve(self);
else hostRelay(self);
