import type { DeviceAnswer, LendRequest } from "../components/page-devices.ts";
import { hostLock, pageLock } from "./lent-locks.ts";

/**
 * A page's part: starts a worker and gives it the port. It is terminated when the service worker lets go of its lock, which it
 * also does by being stopped; this page holds the other one for as long as there is the worker.
 */
export async function lendWorker({ address, name, guest }: LendRequest): Promise<DeviceAnswer> {
  let worker: Worker;
  try {
    worker = new Worker(address, { name: "daprlet capability" });
  } catch {
    return notStarted(address);
  }
  const { locks } = navigator;
  const started = await new Promise<boolean>((resolve) => {
    const ended = new Promise<void>((end) => {
      worker.onmessage = () => resolve(true);
      worker.onerror = () => {
        resolve(false);
        end();
      };
      void locks.request(hostLock(name), () => end());
    });
    void locks.request(pageLock(name), () => ended.then(() => worker.terminate()));
  });
  if (!started) return notStarted(address);
  worker.postMessage(undefined, [guest]);
  return {};
}

function notStarted(address: string): DeviceAnswer {
  const message = `the page could not start a worker from ${address}: its Content-Security-Policy must allow worker-src 'self', and the service worker must control the page`;
  return { error: { code: "UNAVAILABLE", message } };
}
