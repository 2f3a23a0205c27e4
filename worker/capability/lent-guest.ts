import { type Remote, transfer, wrap } from "comlink";
import type { Guest, Program, Step } from "../../host/capability/confinement.ts";
import { GuestFault } from "../../host/capability/guest-fault.ts";
import type { GuestPort, Told } from "../../host/capability/guest-port.ts";
import { guestStart } from "../../host/capability/guest-start.ts";
import type { Limits } from "../../host/capability/manifest.ts";
import type { SchemaCheck } from "../../host/capability/read-request.ts";

/** An instance in a worker of a page. */
export class LentGuest implements Guest {
  readonly #port: MessagePort;
  readonly #remote: Remote<GuestPort>;
  readonly #release: () => void;
  /** Of the one call under way. */
  #fail: ((error: GuestFault) => void) | undefined;
  #gone: GuestFault | undefined;

  /** `release` has the page end the worker. */
  constructor(port: MessagePort, release: () => void) {
    this.#port = port;
    this.#remote = wrap<GuestPort>(port);
    this.#release = release;
  }

  /** Whether its worker has ended, or its page has. */
  get gone(): boolean {
    return this.#gone !== undefined;
  }

  async start(program: Program, limits: Limits): Promise<void> {
    // A compiled module cannot leave the service worker: browsers hand none to another process.
    await this.#told(this.#remote.start(guestStart(program, limits, "bytes")));
  }

  call(entry: string, message: Uint8Array, checks: readonly SchemaCheck[]): Promise<Step> {
    return this.#told(this.#remote.call(entry, transfer(message, [message.buffer as ArrayBuffer]), checks));
  }

  end(): void {
    this.#close(new GuestFault("deadline", "it was ended"));
  }

  /** Its page or its worker is gone. */
  lost(cause: string): void {
    this.#close(new GuestFault("trap", cause));
  }

  #close(fault: GuestFault): void {
    if (this.#gone !== undefined) return;
    this.#gone = fault;
    this.#fail?.(fault);
    this.#port.close();
    this.#release();
  }

  #told<T>(telling: Promise<Told<T>>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) return reject(this.#gone);
      this.#fail = reject;
      telling.then((told) => {
        this.#fail = undefined;
        if ("value" in told) resolve(told.value);
        else reject(new GuestFault(told.fault, told.message, told.lines));
      }, reject);
    });
  }
}
