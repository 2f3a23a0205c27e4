import { RELAY_PORT } from "./relay-port.ts";

export interface RelayHolderOptions {
  /** `navigator.locks`. */
  readonly locks: LockManager;
  /** Of the election: one for each scope. */
  readonly name: string;
  /** Starts the dedicated worker: `sw.js` itself, so that both ends are always of one version. */
  start(): Worker;
  /** Hands the service worker its port. */
  deliver(port: MessagePort): void;
  /** The dedicated worker could not run; another page may try. */
  failed(reason: string): void;
}

/**
 * A page's part in holding its service worker's sockets. Of the pages that offer, the browser elects one (a Web
 * Lock); that one owns the dedicated worker, and when it closes, the next one is elected and starts another. The lock
 * also keeps the browser from freezing the page.
 */
export class RelayHolder {
  readonly #options: RelayHolderOptions;
  readonly #stop = new AbortController();
  #offered = false;
  #held: { readonly worker: Worker; release(): void } | undefined;

  constructor(options: RelayHolderOptions) {
    this.#options = options;
  }

  /** Stands for election, once; the elected page brings the service worker a port, at each further call a new one. */
  offer(): void {
    if (this.#held !== undefined) {
      this.#deliver(this.#held.worker);
      return;
    }
    if (this.#offered || this.#stop.signal.aborted) return;
    this.#offered = true;
    const { locks, name } = this.#options;
    locks
      .request(name, { signal: this.#stop.signal }, () => this.#hold())
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) this.#options.failed(String(error));
      })
      .finally(() => {
        this.#offered = false;
      });
  }

  /** Gives up the sockets and the candidacy. */
  close(): void {
    this.#stop.abort();
    this.#held?.release();
  }

  /** For as long as this page is elected. */
  #hold(): Promise<void> {
    return new Promise((resolve) => {
      const worker = this.#options.start();
      const release = () => {
        this.#held = undefined;
        worker.terminate();
        resolve();
      };
      this.#held = { worker, release };
      worker.onerror = (event) => {
        event.preventDefault();
        this.#options.failed(event.message ?? "the script did not load");
        release();
      };
      this.#deliver(worker);
    });
  }

  #deliver(worker: Worker): void {
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ type: RELAY_PORT }, [port1]);
    this.#options.deliver(port2);
  }
}
