import { randomFillSync } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { expose, transfer } from "comlink";
import nodeEndpoint, { type NodeEndpoint } from "comlink/dist/esm/node-adapter";
import { GuestPort, type GuestStart } from "../../capability/guest-port.ts";
import type { SchemaCheck } from "../../capability/read-request.ts";
import { serveLine } from "./thread-line.ts";

/** The entry of a worker thread that runs one instance of a guest. */
const port = new GuestPort({ now: () => Date.now(), random: (bytes) => randomFillSync(bytes) });
const endpoint = nodeEndpoint(parentPort as NodeEndpoint);

expose(
  {
    ready: () => port.ready(),
    start: (from: GuestStart) => port.start(from),
    call(entry: string, message: Uint8Array, checks: readonly SchemaCheck[]) {
      const told = port.call(entry, message, checks);
      return "value" in told && told.value.bytes.length > 0
        ? transfer(told, [told.value.bytes.buffer as ArrayBuffer])
        : told;
    },
  },
  {
    ...endpoint,
    // Between two messages the thread is at its line, so that the host knows where it finds it.
    postMessage(message, transferred) {
      endpoint.postMessage(message, transferred);
      serveLine(
        workerData as SharedArrayBuffer,
        (entry, asked, checks) => port.call(entry, asked, checks),
        (told) => parentPort?.postMessage({ told }),
      );
    },
  },
);
