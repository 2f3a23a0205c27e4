import type { Guest, GuestLine } from "../confinement.ts";
import { GuestFault } from "../guest-fault.ts";
import type { GuestPool } from "../guest-pool.ts";
import type { GivenRequest, GivenResponse } from "./exchange.ts";
import {
  type ChangedResponse,
  type Handled,
  readChanged,
  readHandled,
  requestMessage,
  responseMessage,
} from "./exchange-message.ts";

/** Runs a call, and counts it where somebody does. `late` makes the fault of its deadline. */
export type Around = <T>(call: (late: () => GuestFault) => Promise<T>) => Promise<T>;

const gone = () => new GuestFault("trap", "its instance was ended between request and response");

/** What became of a request, and who has it. */
export interface Taken {
  readonly handled: Handled;
  readonly guest: Guest;
}

/** Guests of http-wasm in a pool. What is between request and response is nobody's deadline, and no instance is busy with it. */
export class HttpWasmCalls {
  readonly #pool: GuestPool;
  readonly #around: Around;
  readonly #say: (line: GuestLine) => void;

  constructor(pool: GuestPool, around: Around, say: (line: GuestLine) => void) {
    this.#pool = pool;
    this.#around = around;
    this.#say = say;
  }

  /** In any worker. Where the request goes on, {@link response} has to be called once. */
  request(given: GivenRequest): Promise<Taken> {
    return this.#around((late) =>
      this.#pool.with(async (guest) => {
        const { bytes, lines } = await guest.call("request", requestMessage(given), []);
        lines.forEach(this.#say);
        const handled = readHandled(bytes);
        if (handled.kind === "next") this.#pool.hold(guest);
        return { handled, guest };
      }, late),
    );
  }

  /** In the worker that had the request; without a response after an error. */
  response(guest: Guest, id: string, given: GivenResponse | undefined): Promise<ChangedResponse> {
    const use = async () => {
      const { bytes, lines } = await guest.call("response", responseMessage(id, given), []);
      lines.forEach(this.#say);
      return readChanged(bytes);
    };
    return this.#around((late) => this.#pool.again(guest, use, late, gone));
  }

  close(): void {
    this.#pool.close();
  }
}
