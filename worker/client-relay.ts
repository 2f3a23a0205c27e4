import { RelayHolder } from "./relay/relay-holder.ts";

/** Loaded by the client only when its worker wants a socket. The holder runs `sw.js` itself, so that nothing can skew. */
export function relayHolder(
  registration: ServiceWorkerRegistration,
  deliver: (port: MessagePort) => void,
): RelayHolder {
  return new RelayHolder({
    locks: navigator.locks,
    name: `daprlet:${registration.scope}:relay`,
    start: () => new Worker(registration.active?.scriptURL ?? "sw.js", { name: "daprlet relay" }),
    deliver,
    failed: (reason) =>
      console.error(`daprlet: this page cannot hold the connection to the relay: ${reason}`),
  });
}
