import { expose, transfer } from "comlink";
import { GuestPort, type GuestStart } from "../../host/capability/guest-port.ts";
import type { SchemaCheck } from "../../host/capability/read-request.ts";

/** The entry of a dedicated worker that runs one instance of a guest. All it is given is the port to who calls it. */
declare const self: DedicatedWorkerGlobalScope;

const guest = new GuestPort({ now: () => Date.now(), random: (bytes) => crypto.getRandomValues(bytes) });

self.onmessage = ({ ports: [port] }) => {
  if (port === undefined) return;
  self.onmessage = null;
  expose(
    {
      start: (from: GuestStart) => guest.start(from),
      call(entry: string, message: Uint8Array, checks: readonly SchemaCheck[]) {
        const told = guest.call(entry, message, checks);
        return "value" in told && told.value.bytes.length > 0
          ? transfer(told, [told.value.bytes.buffer as ArrayBuffer])
          : told;
      },
    },
    port,
  );
};
self.postMessage("ready");
