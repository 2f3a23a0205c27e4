import type { Clock } from "../../host/platform.ts";

const INSTALL_MS = 15_000;

export interface WorkerPlace {
  readonly scriptUrl: URL;
  readonly scope: URL;
}

/** Why this page cannot have a service worker, in one sentence; the runtime then runs in the page. */
export class NoWorkerError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "NoWorkerError";
  }
}

/**
 * Where the worker's script is: as given, or named by `<meta name="daprlet-worker" content="…">`, or beside this
 * module when that lies above the page, or beside the page.
 */
export function workerPlace(
  document: Document,
  module: string,
  given: string | URL | undefined,
  scope: string | URL | undefined,
): WorkerPlace {
  const named = document.querySelector('meta[name="daprlet-worker"]')?.getAttribute("content");
  const beside = new URL("sw.js", module);
  const above = new URL(".", module).href;
  const usual = document.baseURI.startsWith(above) ? beside : new URL("sw.js", document.baseURI);
  const scriptUrl =
    given !== undefined ? new URL(given, document.baseURI) : named ? new URL(named, document.baseURI) : usual;
  return { scriptUrl, scope: new URL(scope ?? "./", scope === undefined ? scriptUrl : document.baseURI) };
}

/** Registers the worker and waits until one is active. Throws {@link NoWorkerError}. */
export async function startWorker(
  container: ServiceWorkerContainer | undefined,
  { scriptUrl, scope }: WorkerPlace,
  explicit: boolean,
  clock: Clock,
): Promise<ServiceWorkerRegistration> {
  if (container === undefined) throw new NoWorkerError(missing());
  let registration: ServiceWorkerRegistration;
  try {
    const present = await container.getRegistration(scope);
    const theirs = present?.active?.scriptURL;
    // A site's own worker is not replaced unasked: it may have attach(self) in it.
    if (
      !explicit &&
      present?.scope === scope.href &&
      theirs !== undefined &&
      new URL(theirs).pathname !== scriptUrl.pathname
    ) {
      return present;
    }
    registration = await container.register(scriptUrl, { scope: scope.href, updateViaCache: "none" });
    // Some blockers, and test tools, resolve with nothing where they should reject.
    if (registration === undefined) throw new Error("it is blocked here");
  } catch (error) {
    throw new NoWorkerError(
      `the browser did not take the service worker ${scriptUrl.pathname}, which has to be the package's sw.js (${(error as Error).message})`,
      error,
    );
  }
  await activated(registration, scriptUrl, clock);
  return registration;
}

function missing(): string {
  if (!isSecureContext) {
    return `this page was loaded over plain http from ${location.host}, where browsers allow no service worker: use https or localhost`;
  }
  if (globalThis.origin === "null")
    return "this document has an opaque origin (a sandboxed frame), where browsers allow no service worker";
  return "this browser offers no service worker here (a private window, or site data is blocked)";
}

function activated(registration: ServiceWorkerRegistration, script: URL, clock: Clock): Promise<void> {
  if (registration.active !== null) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const worker = registration.installing ?? registration.waiting;
    const stop = new AbortController();
    const settle = (settled: () => void) => {
      stop.abort();
      cancel();
      settled();
    };
    const cancel = clock.after(INSTALL_MS, () =>
      settle(() =>
        reject(
          new NoWorkerError(`the service worker ${script.pathname} was not active within ${INSTALL_MS} ms`),
        ),
      ),
    );
    const look = () => {
      if (registration.active !== null) settle(resolve);
      else if (worker?.state === "redundant") {
        settle(() =>
          reject(
            new NoWorkerError(`the service worker ${script.pathname} failed to install; see the console`),
          ),
        );
      }
    };
    worker?.addEventListener("statechange", look, { signal: stop.signal });
    look();
  });
}
