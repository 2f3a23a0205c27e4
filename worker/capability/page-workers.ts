import type { Confinement } from "../../host/capability/confinement.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { LentGuest } from "./lent-guest.ts";

/** Resolves once the worker runs; rejects where the page may not start it, or there is nothing at its address. */
function started(address: string): Promise<Worker> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(address, { name: "daprlet app" });
    worker.onmessage = () => resolve(worker);
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      reject(new Error("the worker did not start"));
    };
  });
}

/**
 * Guests in workers of this very page. Their script is started from its text, since a bundle has no file beside it; where the page's
 * policy forbids that, from the file.
 */
export function pageWorkers(script: string, file: string): Confinement {
  const text = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  let addresses = [text, file];
  return {
    async open() {
      let worker: Worker | undefined;
      for (const address of addresses) {
        worker = await started(address).catch(() => undefined);
        if (worker === undefined) continue;
        addresses = [address];
        break;
      }
      if (worker === undefined) {
        throw new ComponentError(
          "UNAVAILABLE",
          `the page could not start a worker: its Content-Security-Policy must allow worker-src blob:, or 'self' with ${file} there`,
        );
      }
      // It ends by this, whatever it is at.
      const running = worker;
      const { port1, port2 } = new MessageChannel();
      running.postMessage(undefined, [port2]);
      return new LentGuest(port1, () => running.terminate());
    },
    close: async () => URL.revokeObjectURL(text),
  };
}
